"""What the town's designs share: options, the raising of an assistant, attacks, scopes, and the record."""
