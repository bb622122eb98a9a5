"""The stored state of jobs, their tasks and slices."""
