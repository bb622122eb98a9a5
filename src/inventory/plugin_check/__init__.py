"""`inventory plugin try`: what a collector plugin sends, and where it breaks the protocol.

A message counts as broken exactly if the ingest would refuse it: the ingest's own functions decide.
"""
