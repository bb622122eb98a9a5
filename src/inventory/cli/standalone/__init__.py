"""Commands for the standalone platform: its file, its secrets, and the plugins that run beside ``inventory up``."""
