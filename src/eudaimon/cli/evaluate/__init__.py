"""``eudaimon evaluate``."""
