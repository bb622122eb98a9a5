"""Decides which call gets a thread of a server process.

A call waits for its message without a thread (``receive``), then for a turn in the lane of quick calls (``lane``,
``pool``). If its decoded request shows that its cost is unknown (``cost``), it waits for a turn in the lane of heavy
calls, which has few (``seat``). While it waits for the platform or a plugin, it has no turn at all.
"""
