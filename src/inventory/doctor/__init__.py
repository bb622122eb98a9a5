"""`inventory doctor`: whether the parts of a deployment work, each checked by itself, and how to mend what does not.

Checks read; they change nothing, and show neither connection strings nor secrets.
"""
