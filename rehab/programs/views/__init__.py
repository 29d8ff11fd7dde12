"""The pages on which a program is assigned, changed and read."""
