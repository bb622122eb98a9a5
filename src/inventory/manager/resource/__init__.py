"""What is stored about resources."""
