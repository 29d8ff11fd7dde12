"""The pages about a dog: its data, its problem definition, its caregivers."""
