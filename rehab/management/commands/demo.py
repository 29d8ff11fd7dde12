"""``manage.py demo``: the demo clinic, once."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from rehab.demo import create_demo


class Command(BaseCommand):
    help = "Create the demo clinic with eight dogs and eight weeks of history; a second run leaves it as it is."

    def handle(self, *_args: Any, **_options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The demo clinic is only for STEADYBACK_MODE=embedded with DEMO=1.")
        if not create_demo(at=timezone.now(), say=self.stdout.write):
            self.stdout.write("The demo clinic is there already.")
