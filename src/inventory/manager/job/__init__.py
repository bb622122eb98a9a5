"""What is stored about jobs, their tasks and slices."""
