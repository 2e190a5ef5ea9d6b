"""``eudaimon serve``."""
