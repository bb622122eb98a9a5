"""Decides what to do with an item: pure functions from values to changes."""
