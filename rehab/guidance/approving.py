"""Who may take a suggestion as it is."""

from accounts.access import Role
from rehab.guidance.models import Suggestion
from rehab.guidance.models.suggestions import Verdict


def may_accept(suggestion: Suggestion, roles: frozenset[Role]) -> bool:
    """Whether somebody with these roles may; a restraint nobody takes, because it stands by itself."""
    if suggestion.verdict == Verdict.RESTRAIN or suggestion.approver == Suggestion.Approver.NOBODY:
        return False
    return suggestion.approver != Suggestion.Approver.VET or Role.VET in roles
