"""The page of an evaluation: from its record alone."""
