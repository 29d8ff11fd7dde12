"""The family's pages, and the one address to which their taps are posted."""
