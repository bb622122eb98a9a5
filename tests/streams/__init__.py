"""Streams by construction: what kinds of plugins send, as plain lists of messages."""
