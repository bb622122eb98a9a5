"""Deletions: holds of the guard, and restoring deleted resources."""
