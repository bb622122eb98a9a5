"""Building blocks of the resource pages: list, columns, data and history."""
