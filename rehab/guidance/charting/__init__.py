"""The patient chart: one dog's course on one axis of time, as a vet reads it in half a minute and as it is printed.

``axis`` and ``geometry`` are pure; ``reading`` asks the database a fixed number of times; the rest puts it into words.
"""
