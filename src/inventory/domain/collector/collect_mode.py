"""What a collect may write (contract, section 6)."""

from __future__ import annotations

from enum import StrEnum

from inventory.errors import InvalidParameterError


class CollectMode(StrEnum):
    """ALL writes everything, CREATE only unknown resources, UPDATE only known ones."""

    ALL = "ALL"
    CREATE = "CREATE"
    UPDATE = "UPDATE"

    @classmethod
    def parse(cls, text: str) -> CollectMode:
        """Return the mode named ``text``, ALL for the empty string.

        Raises:
            InvalidParameterError: for an unknown name.
        """
        if not text:
            return cls.ALL
        try:
            return cls(text)
        except ValueError:
            reason = f"must be one of {', '.join(cls)}"
            raise InvalidParameterError(key="collect_mode", reason=reason) from None
