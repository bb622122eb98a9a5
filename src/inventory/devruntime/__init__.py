"""What `inventory up` and the tests need on one machine: embedded databases, child processes, ports and locks."""
