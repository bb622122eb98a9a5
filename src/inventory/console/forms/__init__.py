"""Forms that come from what a plugin says of itself, and what was typed into them."""
