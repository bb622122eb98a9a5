"""The standalone platform: editing its file, credentials, and plugins that run beside ``inventory up``."""
