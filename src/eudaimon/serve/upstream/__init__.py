"""The guard in front of another OpenAI-compatible server: what was asked and what it answers, read here."""
