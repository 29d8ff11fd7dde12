"""What the day's page prints: strings made once in Python, so that templates only place them (and stay fast)."""
