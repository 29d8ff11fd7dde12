"""What a person may ask the library for, and what a clinic writes into it."""
