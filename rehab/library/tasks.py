"""The beat of photos and clips; all that it is about is in the rows."""

from celery import shared_task
from django.utils import timezone

from rehab.library.preparing import prepare_next


@shared_task(ignore_result=True)
def prepare_media() -> None:
    """Prepare one photo or clip; if there was one, more may wait behind it."""
    if prepare_next(at=timezone.now()):
        prepare_media.apply_async(expires=60)
