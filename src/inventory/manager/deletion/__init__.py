"""Deletions: holds of the guard, and bringing back what was deleted."""
