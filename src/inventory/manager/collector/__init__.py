"""What is stored about collectors."""
