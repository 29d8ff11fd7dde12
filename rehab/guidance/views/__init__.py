"""The pages of the clinic: its dogs, what the rules suggest, alerts, and its limits."""
