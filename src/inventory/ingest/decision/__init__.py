"""What becomes of an item: pure functions from values to changes."""
