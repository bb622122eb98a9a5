"""ObjectIds for those who need thousands."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Final

from bson.objectid import ObjectId

_COUNTER_END: Final = 1 << 24


def new_object_ids() -> Iterator[ObjectId]:
    """Yield fresh ObjectIds without end; an iterator belongs to one thread.

    They are what ``ObjectId()`` makes: seconds, something random, a counter. That one asks the system at each
    which process it is in, for which resources wait as long as for half of their encoding.
    """
    whose = os.urandom(5)
    count = int.from_bytes(os.urandom(3), "big")
    while True:
        count = (count + 1) % _COUNTER_END
        yield ObjectId(int(time.time()).to_bytes(4, "big") + whose + count.to_bytes(3, "big"))
