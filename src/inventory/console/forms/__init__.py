"""Forms generated from a plugin's metadata, and what users entered into them."""
