"""The state of the service, as operators see it."""
