"""How dates and times are written, per language: short, without a.m., and the same on every page."""
