"""Marking a dog's thread as read: only ever what a page has shown."""

import datetime as dt

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from rehab.patients.models import Patient
from rehab.sessions.models import Message, MessagesRead
from rehab.sessions.queries.messages import MICROSECOND, State, first_after


def mark_read(*, patient: Patient, by: User, is_family: bool, shown: State, at: dt.datetime) -> bool:
    """Note that the person has read what a page in the ``shown`` state said; return whether that was news to them.

    The mark is when it was read: it moves only for news of the other side, and stays before whatever came in since.
    """
    seen = Message.objects.filter(patient=patient, received_at__lte=shown.newest_at)
    if seen.count() != shown.total:
        return False  # one that began to come in earlier is there now: the page does not show it yet
    news = seen.exclude(from_family=is_family).aggregate(newest=Max("received_at"))["newest"]
    if news is None:
        return False
    unseen = first_after(patient.pk, shown.newest_at)
    until = max(at if unseen is None else min(at, unseen - MICROSECOND), news)
    with transaction.atomic():
        _mark, is_first = MessagesRead.objects.get_or_create(user=by, patient=patient, defaults={"until": until})
        moved = MessagesRead.objects.filter(user=by, patient=patient, until__lt=news).update(until=until)
    return is_first or bool(moved)
