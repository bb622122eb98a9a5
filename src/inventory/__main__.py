"""``python -m inventory``: the same as the command ``inventory``."""

from inventory.cli import main

if __name__ == "__main__":
    main()
