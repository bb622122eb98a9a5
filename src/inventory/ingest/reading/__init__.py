"""From a plugin's stream to items that can be decided about."""
