"""The beat of what families send; all that it is about is in the rows."""

from celery import shared_task
from django.utils import timezone

from rehab.sessions.receiving import forget_unfinished
from rehab.sessions.refusing import forget_refused


@shared_task(ignore_result=True)
def forget_unfinished_clips() -> None:
    """Tidy away photos and clips that were begun and never finished, and the numbers of what was refused long ago."""
    at = timezone.now()
    forget_unfinished(at=at)
    forget_refused(at=at)
