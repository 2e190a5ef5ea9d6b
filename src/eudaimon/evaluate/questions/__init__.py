"""Open questions to a model: packaged sets, a user's files, one frozen type."""
