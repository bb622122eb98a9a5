"""Dry runs: their reports, and the scratch collections in which they collect."""
