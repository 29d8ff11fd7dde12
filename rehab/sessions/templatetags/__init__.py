"""Template tags of the family's day."""
