"""The demo clinic: eight dogs in eight situations, with eight weeks of history.

Everything goes through the same actions as in a real clinic, only at earlier times, so that the demo can show nothing that
the product cannot do. Only the reminders of those weeks are written as rows, because the planner looks at the present. All names are invented; the telephone numbers are of the range kept for fiction.
"""

import datetime as dt
from collections.abc import Callable
from typing import Final

from django.db import transaction

from accounts.access import Role
from accounts.actions import add_membership, create_clinic
from accounts.demo import PERSONAS
from accounts.models import Clinic, Membership
from rehab.demo.reminding import tell_reminders, word_reminders
from rehab.demo.stories import STORIES
from rehab.demo.telling import TIME_ZONE, Telling, person
from rehab.guidance.actions import refresh_summaries
from rehab.guidance.alerting.acknowledging import note_adverse_event
from rehab.guidance.alerting.raising import raise_missed
from rehab.guidance.models import Alert
from rehab.sessions.models import WarningReport

CLINIC: Final = "Riverbank Animal Rehabilitation"


@transaction.atomic
def create_demo(*, at: dt.datetime, say: Callable[[str], None]) -> bool:
    """Create the demo clinic once; answers whether it was created now. ``say`` hears of the progress."""
    if Clinic.objects.filter(name=CLINIC).exists():
        return False
    opened_at = at - dt.timedelta(days=90)
    clinic = create_clinic(
        name=CLINIC,
        by=None,
        at=opened_at,
        time_zone=TIME_ZONE,
        phone="+44 20 7946 0101",
        emergency_name="Riverbank Night Clinic",
        emergency_phone="+44 20 7946 0199",
    )
    team = {
        role: person(PERSONAS[role].name, PERSONAS[role].email, at=opened_at) for role in ("vet", "therapist", "admin")
    }
    for role, user in team.items():
        add_membership(user=user, clinic=clinic, role=Membership.Role(role), by=None, at=opened_at)
    for number, story in enumerate(STORIES, start=1):
        say(f"{number} of {len(STORIES)}: {story.name}, {story.breed}")
        Telling(story=story, clinic=clinic, team=team, at=at).tell()
    refresh_summaries(at=at)
    # So that somebody is about to be told from the first moment; a worker that runs already has passed these days by.
    for dog in sorted(set(WarningReport.objects.filter(clinic=clinic).stopping().values_list("patient", flat=True))):
        raise_missed(patient=dog, at=at)
    note_adverse_event(
        alert=Alert.objects.get(patient__name="Oscar", clinic=clinic, report__recorded_by__isnull=False),
        by=team["vet"],
        roles=frozenset({Role.VET}),
        text="Knuckled over twice on the left hind paw during the slow walk. No fall, no wound.",
        at=at,
    )
    tell_reminders(clinic=clinic, at=at)
    word_reminders(clinic=clinic, by=team["vet"], at=at)
    refresh_summaries(at=at)
    return True
