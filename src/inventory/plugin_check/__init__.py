"""`inventory plugin try`: what a collector plugin sends, and where it breaks the protocol.

A message counts as broken exactly where ingest would refuse it: its own functions decide.
"""
