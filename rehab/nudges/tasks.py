"""Wake-ups for the worker; all that they are about is in the rows."""

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from rehab.nudges import actions


@shared_task(ignore_result=True)
def tick() -> None:
    """Plan what is due now; wake workers if there is something to deliver, also after a plan that failed."""
    at = timezone.now()
    try:
        actions.plan(at=at)
    finally:
        for _ in range(actions.wake_ups(at=at)):
            # The next tick wakes again: old wake-ups must not pile up behind a worker that is away.
            deliver_batch.apply_async(expires=settings.NUDGE_TICK_SECONDS)


@shared_task(ignore_result=True)
def deliver_batch() -> None:
    """Deliver one batch; a full one may have left more behind."""
    if actions.deliver_batch(at=timezone.now()):
        deliver_batch.apply_async(expires=settings.NUDGE_TICK_SECONDS)


@shared_task(ignore_result=True)
def measure() -> None:
    """Note for the reminders of which the day is over whether somebody exercised after them."""
    actions.measure(at=timezone.now())


@shared_task(ignore_result=True)
def learn_habits() -> None:
    """Let the reminders of those whose night it is follow the time at which they exercise."""
    actions.learn_habits(at=timezone.now())
