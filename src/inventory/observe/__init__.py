"""What a running service shows of itself: logs, metrics, traces and health pages."""
