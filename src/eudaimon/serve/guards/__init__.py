"""Guards that come with the package, each with a card that says what it is and what it does not see."""
