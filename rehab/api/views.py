"""The API: what a phone's outbox sends, answered one by one."""

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.middleware.csrf import get_token
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, ParseError, UnsupportedMediaType
from rest_framework.parsers import JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.access import Right, Role, Rule, access, signed_in
from accounts.models import User
from rehab.guidance.tasks import attend_alerts
from rehab.lib.charsets import is_utf_8
from rehab.lib.user_key import user_key
from rehab.patients.models import Patient
from rehab.sessions import commands as parsing
from rehab.sessions.actions import Answer, Outcome, apply_commands
from rehab.sessions.commands import Command, Refusal, ReportFact, Why
from rehab.sessions.day import Day
from rehab.sessions.models import WarningReport
from rehab.sessions.queries import dog_and_roles, logged
from rehab.sessions.refusing import remember_refused
from rehab.sessions.wording import sentence

MOST_COMMANDS: Final = 100
MOST_BYTES: Final = 256 * 1024


class TooLarge(APIException):
    """More than one request may carry; the phone sends smaller batches then."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE


class SignedIn(SessionAuthentication):
    """The session of the browser, with its CSRF check; who has none is told so with 401."""

    def authenticate_header(self, request: Request) -> str:
        return "Session"


class BatchParser(JSONParser):
    """JSON that is no deeper than Python can follow.

    It must not fail in any other way than JSON does: the CSRF check reads the body too, before the view is asked.
    """

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except (ParseError, RecursionError):
            raise ParseError(_("The body is not valid JSON.")) from None


class PhoneView(APIView):
    """What a phone asks: with the session of its browser, and a body that can be read and is no larger than it may be."""

    authentication_classes = [SignedIn]
    parser_classes = [BatchParser]
    most_bytes: ClassVar[int] = MOST_BYTES

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # First of all: the CSRF check reads the body, and neither it nor Django answers a bad one in JSON.
        _look_at_body(request, most=self.most_bytes)
        super().initial(request, *args, **kwargs)


class CommandsView(PhoneView):
    """Takes a list of commands of one or several dogs, and answers each by its id."""

    def post(self, request: Request) -> Response:
        at = timezone.now()
        user = signed_in(request._request)  # noqa: SLF001 - the framework's own way to it
        same_account(request, user)
        raws = _list_of(request)
        answers = remember_refused(raws, _apply(raws, user=user, at=at), by=user, at=at)
        _wake_for_signs(raws, answers)
        said = [_as_json(raw, answer) for raw, answer in zip(raws, answers, strict=True)]
        return Response({"at": at.isoformat(), "answers": said})


class SessionView(PhoneView):
    """Who the cookie says this is, and the token that the next request needs; 401 for nobody, never a redirect."""

    def get(self, request: Request) -> Response:
        user = signed_in(request._request)  # noqa: SLF001 - the framework's own way to it
        return Response(
            {"user": user_key(user), "csrf": get_token(request._request), "at": timezone.now().isoformat()}  # noqa: SLF001
        )


commands = access(Right.LOG)(CommandsView.as_view())
session = access(Rule.SIGNED_IN)(SessionView.as_view())


class OtherAccount(APIException):
    """Somebody else has signed in on this phone since the entries were read: they must not go out as theirs."""

    status_code = status.HTTP_409_CONFLICT


def same_account(request: Request, user: User) -> None:
    """Refuse what was kept on the phone by somebody else than who is signed in."""
    named = request.headers.get("x-user-key")
    if named is not None and named != user_key(user):
        raise OtherAccount(_("Another account has signed in on this device."))


def _look_at_body(request: Request, *, most: int) -> None:
    asked = request._request  # noqa: SLF001 - the framework's own way to it
    content_type = asked.headers.get("Content-Type", "")
    if not is_utf_8(content_type):
        raise UnsupportedMediaType(content_type, detail=_("The body must be UTF-8."))
    try:
        length = int(asked.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        length = 0  # of such a body nothing is read
    if length > most:
        raise TooLarge(_("The request is larger than %(most)s bytes.") % {"most": most})


def _list_of(request: Request) -> list[Any]:
    body = request.data
    if not isinstance(body, list):
        raise ParseError(_("The body is not a list of commands."))
    if len(body) > MOST_COMMANDS:
        raise TooLarge(_("A request carries at most %(most)s commands.") % {"most": MOST_COMMANDS})
    return body


def _apply(raws: list[Any], *, user: User, at: dt.datetime) -> list[Answer]:
    parsed = [parsing.parse(raw) for raw in raws]
    places: dict[UUID, list[int]] = {}
    for place, one in enumerate(parsed):
        if isinstance(one, Command):
            places.setdefault(one.patient, []).append(place)
    # A dog that is somebody else's is answered exactly like one that does not exist.
    unknown = Refusal(why=Why.PATIENT_UNKNOWN)
    answers = [Answer(outcome=Outcome.REFUSED, refusal=one if isinstance(one, Refusal) else unknown) for one in parsed]
    for patient_id, its_places in places.items():
        its_commands = [one for place in its_places if isinstance(one := parsed[place], Command)]
        if (read := _read(user, patient_id, its_commands)) is not None:
            patient, roles, day = read
            found = apply_commands(patient=patient, roles=roles, commands=its_commands, by=user, at=at, day=day)
            for place, answer in zip(its_places, found, strict=True):
                answers[place] = answer
    return answers


def _read(user: User, patient_id: UUID, commands: list[Command]) -> tuple[Patient, frozenset[Role], Day | None] | None:
    """The dog and what the person is to it, with the day that most of the commands are about in the same read."""
    day = Counter(one.day for one in commands).most_common(1)[0][0]
    read = logged(user=user, patient_id=patient_id, day=day)
    if read is not None:
        return read.patient, read.roles, read.day
    known = dog_and_roles(user=user, patient_id=patient_id)
    return (*known, None) if known else None


def _wake_for_signs(raws: Sequence[Any], answers: Sequence[Answer]) -> None:
    """Wake a worker where a warning sign has come in, so that somebody is told at once and not with the next beat.

    The report is in the records already: a broker that is away costs the wake-up, and nothing else.
    """
    reports = [
        one.id
        for raw, answer in zip(raws, answers, strict=True)
        if answer.outcome is Outcome.APPLIED
        and isinstance(one := parsing.parse(raw), Command)
        and isinstance(one.fact, ReportFact)
    ]
    if reports and WarningReport.objects.filter(pk__in=reports).exclude(urgency="").exists():
        transaction.on_commit(_wake, robust=True)


def _wake() -> None:
    attend_alerts.apply_async(expires=settings.SUMMARY_REFRESH_SECONDS, retry=False)


def _as_json(raw: Any, answer: Answer) -> dict[str, str | None]:
    said: dict[str, str | None] = {"id": _id_of(raw), "outcome": answer.outcome.value}
    if answer.received_at is not None:
        said["received_at"] = answer.received_at.isoformat()
    if answer.is_unplanned:
        said["flag"] = "no_longer_prescribed"
    if answer.refusal is not None:
        said |= {"code": answer.refusal.why.value, "reason": sentence(answer.refusal)}
    return said


def _id_of(raw: Any) -> str | None:
    """The id as it was sent, shortened and without what JSON cannot carry; none where there is none."""
    sent = raw.get("id") if isinstance(raw, dict) else None
    return sent[: parsing.LONGEST_NAME].encode(errors="replace").decode() if isinstance(sent, str) else None
