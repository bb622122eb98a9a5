"""Taking over a database of the original (SpaceONE inventory 1.11 and 1.12): it is read, never written.

Each module converts the documents of some collections by functions from values to values; ``takeover`` copies.
"""
