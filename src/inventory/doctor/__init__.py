"""`inventory doctor`: checks each part of a deployment separately, and says how to fix what does not work.

Checks only read; they change nothing, and show neither connection strings nor secrets.
"""
