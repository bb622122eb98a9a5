"""Commands that tell what can be relied on: freshness, dry runs, and why something is here."""
