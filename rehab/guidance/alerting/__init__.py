"""Alerts: never lost, truthful, and told to the next person until somebody has taken them over.

``raising`` pulls what came in, ``chain`` says who is told and how long is waited, ``delivering`` sends under a lease and
writes what really happened, ``escalating`` tells the next, ``acknowledging`` is what people do. The rows are the queue: a
broker message only wakes a worker.
"""
