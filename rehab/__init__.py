"""Steadyback: rehabilitation of dogs with back pain."""

from rehab.celery import app as celery_app

__all__ = ["celery_app"]
