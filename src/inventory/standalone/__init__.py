"""The standalone platform: its file as commands edit it, credentials, and plugins that run beside ``inventory up``."""
