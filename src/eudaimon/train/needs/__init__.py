"""What training and generation take: gigabytes and hours from a model's shape, before anything runs."""
