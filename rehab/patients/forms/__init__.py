"""The shape and wording of what people type about a dog, its problem and those who care for it."""
