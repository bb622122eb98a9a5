"""Migrations: bring the database of an earlier version to this version, while processes are running."""
