"""Parts for `inventory up` and the tests on one machine: embedded databases, child processes, ports and locks."""
