"""States and errors of jobs."""
