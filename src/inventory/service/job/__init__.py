"""Use cases of jobs: collecting, from the call to the end."""
