"""``eudaimon chat``: the loop, its commands, and the two forms in which it shows what happens."""
