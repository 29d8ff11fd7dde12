"""How an act on a program is refused: in sentences, before anything is written."""

from collections.abc import Iterable, Sequence
from typing import Final

from django.utils.translation import gettext as _

from accounts.access import Role
from rehab.programs.gate import Objection

REASON_LENGTH: Final = 500


class StalePlan(Exception):
    """Somebody changed the plan since it was shown; nothing was written."""


class NotAllowed(Exception):
    """The rules refuse; nothing was written. ``reasons`` are sentences for the person who asked."""

    def __init__(self, objections: Iterable[Objection]) -> None:
        self.objections = tuple(objections)
        super().__init__(*self.reasons)

    @property
    def reasons(self) -> list[str]:
        return [str(objection) for objection in self.objections]


def refuse(rule: str, text: str) -> NotAllowed:
    return NotAllowed([Objection(rule=rule, text=text)])


def enforce(objections: Sequence[Objection], *, roles: frozenset[Role], reason: str) -> list[str]:
    """Let a vet with a reason overrule what a vet may; answers the rules that were overruled.

    Raises:
        NotAllowed: a rule that nobody may overrule, a person who is no vet, or no reason.
    """
    if not objections:
        return []
    if not all(objection.vet_may for objection in objections):
        raise NotAllowed(sorted(objections, key=lambda objection: objection.vet_may))
    if Role.VET not in roles:
        raise NotAllowed(
            [*objections, Objection(rule="VET", text=_("Only a vet may decide otherwise, with a reason."))]
        )
    if not reason.strip():
        raise NotAllowed([*objections, Objection(rule="REASON", text=_("To decide otherwise, write the reason."))])
    return list(dict.fromkeys(objection.rule for objection in objections))


def given_reason(reason: str) -> str:
    """The reason, without the spaces around it.

    Raises:
        NotAllowed: none was given, or more than the history can hold.
    """
    reason = reason.strip()
    if not reason:
        raise refuse("REASON", _("Write the reason; the history keeps it."))
    if len(reason) > REASON_LENGTH:
        raise refuse("REASON", _("Keep the reason within %(length)d characters.") % {"length": REASON_LENGTH})
    return reason
