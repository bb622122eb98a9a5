"""Turns a plugin's stream into items."""
