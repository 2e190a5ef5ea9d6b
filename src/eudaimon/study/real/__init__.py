"""em-susceptibility on a model of the user's own: options, cells, and the table."""
