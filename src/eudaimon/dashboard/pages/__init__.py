"""The pages: each asks the functions of this room and shows what they answer, and decides nothing itself."""
