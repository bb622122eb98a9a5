"""The stored state of collectors."""
