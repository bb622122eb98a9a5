"""Dry runs: collects that do not change the inventory."""
