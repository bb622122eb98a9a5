"""The inventory service: collects cloud resources through plugins, stores them and keeps their history."""
