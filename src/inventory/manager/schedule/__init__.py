"""What is stored about schedules."""
