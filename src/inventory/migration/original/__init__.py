"""Takes over a database of the original (SpaceONE inventory 1.11 and 1.12), which is read, never written.

Each module converts the documents of some collections with pure functions; ``takeover`` copies them.
"""
