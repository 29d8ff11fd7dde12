"""``manage.py load_library``: bring the built-in content to what the content files say."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rehab.library.actions import Count, load_library
from rehab.library.reading import ContentError


class Command(BaseCommand):
    help = "Check every content file and load the built-in exercises, protocols, ladders and warning signs; safe to run again, writes only what changed."

    def handle(self, *_args: Any, **_options: Any) -> None:
        try:
            report = load_library(at=timezone.now())
        except ContentError as error:
            raise CommandError(f"The content is wrong; nothing was loaded.\n{error}") from error
        self.stdout.write(f"Exercises: {_line(report.exercises)}")
        self.stdout.write(f"Protocols: {_line(report.protocols)}")
        self.stdout.write(f"Ladders: {_line(report.ladders)}")
        self.stdout.write(f"Warning signs: {_line(report.red_flags)}")


def _line(count: Count) -> str:
    return (
        f"{count.total} ({count.new} new, {count.changed} changed, {count.unchanged} as before,"
        f" {count.removed} no longer offered)"
    )
