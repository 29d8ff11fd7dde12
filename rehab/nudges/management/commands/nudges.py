"""``manage.py nudges``: why somebody was reminded or not, one tick by hand, and how the queue stands."""

import datetime as dt
from argparse import ArgumentParser
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import User
from rehab.nudges import tasks
from rehab.nudges.explaining import Explanation, explain, today_of
from rehab.nudges.standing import Standing, standing


class Command(BaseCommand):
    help = "Explain a person's day of reminders, plan and wake the workers once, or print how the queue stands."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parts = parser.add_subparsers(dest="part", required=True)
        part = parts.add_parser("explain", help="why a person was or was not reminded on a day")
        part.add_argument("who", help="the caregiver’s e-mail address or id")
        part.add_argument("day", help="a day of the person’s calendar: 2026-03-18, “today” or “yesterday”")
        parts.add_parser("tick", help="what the scheduler does each minute, once; safe to run besides it")
        parts.add_parser("state", help="the figures of the queue")

    def handle(self, *_args: Any, **options: Any) -> None:
        at = timezone.now()
        if options["part"] == "explain":
            user = _person(options["who"])
            self.stdout.write(_told(explain(user=user, day=_day(options["day"], user, at=at), at=at)))
        elif options["part"] == "tick":
            tasks.tick()
        else:
            self.stdout.write(_figures(standing(at=at)))


def _person(who: str) -> User:
    """The person of an address or id; an error that says so when there is none."""
    found = User.objects.filter(email=who.strip().lower()).first()
    if found is None:
        try:
            found = User.objects.filter(pk=UUID(who)).first()
        except ValueError:
            found = None
    if found is None:
        raise CommandError(f"Nobody has the e-mail address or id “{who}”.")
    return found


def _day(text: str, user: User, *, at: dt.datetime) -> dt.date:
    named: Mapping[str, int] = {"today": 0, "yesterday": 1}
    if text in named:
        return today_of(user, at=at) - dt.timedelta(days=named[text])
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise CommandError(f"“{text}” is not a day such as 2026-03-18, “today” or “yesterday”.") from None


def _told(found: Explanation) -> str:
    lines = [found.title, *found.facts]
    for part in found.parts:
        lines += ["", part.title, *(f"  {line.kind.label}: {line.text}" for line in part.lines)]
    return "\n".join([*lines, "", "What cannot be known:", *(f"  {one}" for one in found.unknown)])


def _figures(found: Standing) -> str:
    oldest = f"{found.oldest_due_seconds:.0f} s" if found.oldest_due_seconds is not None else "nothing is due"
    lines = [f"Oldest due: {oldest}"]
    lines += [f"{state}: {count}" for state, count in found.open.items()]
    lines.append("Ended in the last 24 hours:")
    lines += [f"  {state}: {count}" for state, count in found.ended.items()] or ["  none"]
    lines.append("Last run:")
    lines += [
        f"  {part}: {f'{age.total_seconds():.0f} s ago' if age is not None else 'never'}"
        for part, age in found.beats.items()
    ]
    return "\n".join(lines)
