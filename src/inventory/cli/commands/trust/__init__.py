"""Commands about what can be relied on: freshness, dry runs, deletions and explanations."""
