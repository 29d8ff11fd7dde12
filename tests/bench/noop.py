"""Tasks that do nothing: what the broker and Celery alone cost."""

import time
from pathlib import Path

from celery import shared_task


@shared_task(ignore_result=True)
def noop() -> None:
    """Do nothing."""


@shared_task(ignore_result=True)
def mark(path: str) -> None:
    """Write down when it was this one's turn."""
    Path(path).write_text(repr(time.time()))
