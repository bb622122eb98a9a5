"""Use cases of guarded deletion: holds, their approval, and undo."""
