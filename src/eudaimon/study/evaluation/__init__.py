"""Every attack on every subject: arms of the town, raised when missing, and models that are brought."""
