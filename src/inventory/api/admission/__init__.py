"""Who gets a thread of a server process.

A call waits for its message without a thread (``receive``), then for a turn in the lane of quick calls (``lane``,
``pool``). Once its request is decoded it may turn out to be of unknown cost (``cost``): then it waits for a turn in a
lane of its own, which has few (``seat``). While it waits for the platform or a plugin it has no turn at all.
"""
