"""The pages of the library: browsing it, and a clinic's own content."""
