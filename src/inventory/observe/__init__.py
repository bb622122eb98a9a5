"""What a running service exposes about itself: logs, metrics, traces and health pages."""
