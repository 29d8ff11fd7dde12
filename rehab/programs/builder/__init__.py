"""Building a program on one page: what stands in the form, what it comes to, and how the family will see it."""
