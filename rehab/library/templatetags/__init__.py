"""Template tags and filters of the library."""
