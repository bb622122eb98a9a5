"""Protobuf messages from and to plain values."""
