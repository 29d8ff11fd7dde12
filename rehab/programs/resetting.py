"""Whether a signed definition still says what is wrong: not once the pain came back after it (02_redflags.yaml, RF31).

Part of the statements that read the definition, so that to ask costs none of its own.
"""

from collections.abc import Mapping
from typing import Any, Final, cast
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from rehab.patients.models import ProblemDefinition, ProblemDefinitionQuerySet
from rehab.programs.models import Episode

Numbers = Mapping[str, Any]
# What recurrences are found by.
SIGN: Final = "RF31"
GOOD_DAYS: Final = 30
BACK_AGAIN: Final = 3


def with_resets(definitions: ProblemDefinitionQuerySet) -> ProblemDefinitionQuerySet:
    """The definitions, each with the numbers of the recurrence that came after its signature, for ``reset_by``."""
    recurrences = (
        Episode.objects.standing()
        .filter(patient=OuterRef("patient"), because=Episode.Because.RECURRENCE, opened_at__gt=OuterRef("signed_at"))
        .newest_first()
    )
    annotated: ProblemDefinitionQuerySet = definitions.annotate(came_back=Subquery(recurrences.values("numbers")[:1]))
    return annotated


def reset_by(definition: ProblemDefinition | None) -> Numbers | None:
    """The numbers of the recurrence since which the definition, read ``with_resets``, gives no program any more."""
    return None if definition is None else cast(Any, definition).came_back


def current_with_reset(patient_id: UUID) -> ProblemDefinition | None:
    """The newest signed definition of a dog, for ``reset_by``; one statement."""
    signed = ProblemDefinition.objects.filter(patient=patient_id).signed()
    found: ProblemDefinition | None = with_resets(signed).newest_first().first()
    return found


def seen_text(episode: Episode) -> str:
    """The recurrence as evidence in a new definition, with its numbers."""
    return _("the pain came back after %(days)s good days (%(score)s of 10 or more on two days, since %(day)s)") % {
        "days": episode.numbers.get("good_days"),
        "score": f"{float(episode.numbers.get('score', BACK_AGAIN)):g}",
        "day": date_format(episode.opened_on),
    }


def came_back_text(numbers: Numbers) -> str:
    """What came back after how long, and what is to be done about it."""
    return _("The pain came back after %(days)s good days: define the problem anew.") % {
        "days": numbers.get("good_days", GOOD_DAYS)
    }
