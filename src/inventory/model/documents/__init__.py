"""One module per stored document."""
