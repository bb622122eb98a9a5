"""Whose a health page is: which program, which of its processes, and of which installation.

Another program, or another installation's process, may listen at the port that is asked. Its page must not be taken
for ours. Imports the standard library only: ``inventory health`` runs often and has no time for more.
"""

from __future__ import annotations

import json
from typing import Final, NamedTuple

SERVICE: Final = "inventory"


class PageOwner(NamedTuple):
    """The process that answers with a page.

    Attributes:
        process: server, worker, scheduler or gateway.
        installation: equal for the same kind of process of one installation; see ``settings.installation``.
    """

    process: str
    installation: str

    def members(self) -> dict[str, str]:
        """Return what a page says of its owner, as members of its JSON object."""
        return {"service": SERVICE, "process": self.process, "installation": self.installation}


def owner_of(body: bytes) -> PageOwner | None:
    """Return who answered with the body of a health page; None where it is another program's."""
    try:
        content = json.loads(body)
        if content["service"] != SERVICE:
            return None
        return PageOwner(str(content["process"]), str(content["installation"]))
    except (ValueError, LookupError, TypeError):
        return None
