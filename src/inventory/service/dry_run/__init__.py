"""Dry runs: collects that change nothing of the inventory."""
