"""The sync as a whole: whatever the order, the delay and the doubles, the server holds what a simple model holds.

Phones of two people make commands with clocks of their own; the network hands them over in any order, twice, in one
batch or 90 days late, while the vet changes the plan and a caregiver's time ends. After each delivery the answers, the
receipts and the last word on every slot are those of the model below.
"""

import datetime as dt
import json
import zoneinfo
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
import time_machine
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rehab.patients.models import Caregiver, OutcomeScore
from rehab.programs.models import Decision, Prescription
from rehab.sessions.models import Command, PainAnswer, PerformedExercise
from rehab.sessions.queries import read_day
from tests import make

LONGEST_DELAY: Final = dt.timedelta(days=90)
DAYS_BACK: Final = 2
MOST_IN_A_BATCH: Final = 25
SAID: Final = {
    "tick": ("done", 100, ""),
    "partial": ("partial", 60, ""),
    "skip": ("skipped", 0, "no_time"),
    "undo": ("undone", 0, ""),
}
# Of the definition that the dog has from the start.
ACTIVITIES: Final = ("Walks", "Jumps into the car", "Plays in the garden")
Key = tuple[str, dt.date, int | str]  # (prescription, "pain" or "csom", day, slot or moment)
Word = tuple[Any, ...]


def uuid7(at: dt.datetime, rest: int) -> str:
    """A key as a phone makes it: its own clock first, then chance."""
    low = rest & ((1 << 62) - 1)
    return str(UUID(int=int(at.timestamp() * 1000) << 80 | 7 << 76 | (rest >> 62 & 0xFFF) << 64 | 2 << 62 | low))


@dataclass
class Phone:
    """One person's phone: what it has made, in the order of its sequence, and how far its clock runs ahead."""

    owner: str
    device: str = field(default_factory=lambda: str(uuid4()))
    ahead: dt.timedelta = dt.timedelta()
    made: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Receipt:
    """What the model knows of a command that counts."""

    by: str
    body: str
    key: Key
    order: tuple[dt.datetime, UUID]
    word: Word
    is_flagged: bool = False


@dataclass
class Model:
    """The rules in their plainest form."""

    zone: str
    plans: dict[str, tuple[dt.date, dt.date | None, int]] = field(default_factory=dict)
    revoked: set[str] = field(default_factory=set)
    receipts: dict[str, Receipt] = field(default_factory=dict)

    def take(self, command: dict[str, Any], *, by: str, at: dt.datetime) -> tuple[str, str | None]:
        """Outcome and code of one command that arrives."""
        if by in self.revoked:
            return "refused", "patient_unknown"
        body = json.dumps({name: value for name, value in command.items() if name not in ("device", "sequence")})
        if known := self.receipts.get(command["id"]):
            same = (known.by, known.body) == (by, body)
            return ("already_applied", None) if same else ("refused", "same_id_other_content")
        stated, day = dt.datetime.fromisoformat(command["done_at"]), dt.date.fromisoformat(command["day"])
        begins = dt.datetime.combine(day, dt.time(), zoneinfo.ZoneInfo(self.zone))
        closes = dt.datetime.combine(day + dt.timedelta(days=DAYS_BACK + 1), dt.time(), zoneinfo.ZoneInfo(self.zone))
        if begins > at:
            return "refused", "day_ahead"
        if day < (at - LONGEST_DELAY).astimezone(zoneinfo.ZoneInfo(self.zone)).date():
            return "refused", "too_old"
        # A wrong clock is no reason to refuse; a right one that says that it is too late is.
        if closes <= stated <= at:
            return "refused", "day_too_early"
        done_at = min(at, closes) if stated > at else max(stated, begins)
        key, word, is_flagged = self._said(command, day)
        if key is None:
            return "refused", word[0]
        order = done_at, UUID(command["id"])
        last = self.last(key)
        self.receipts[command["id"]] = Receipt(by, body, key, order, word, is_flagged)
        return ("superseded" if last and last.order > order else "applied"), None

    def _said(self, command: dict[str, Any], day: dt.date) -> tuple[Key | None, Word, bool]:
        payload = command["payload"]
        if command["kind"] == "pain":
            return ("pain", day, payload["moment"]), (payload["score"],), False
        if command["kind"] == "activities":
            scores = {text: payload[f"activity_{number}"] for number, text in enumerate(ACTIVITIES, start=1)}
            return ("csom", day, ""), (scores,), False
        if payload["prescription"] not in self.plans:
            return None, ("prescription_unknown",), False
        starts_on, ends_on, times = self.plans[payload["prescription"]]
        if payload["slot"] > times:
            return None, ("slot_range",), False
        # The day of the change belongs to both plans; before and after it, the answer counts beside the plan.
        is_flagged = day < starts_on or (ends_on is not None and day > ends_on)
        return (payload["prescription"], day, payload["slot"]), SAID[command["kind"]], is_flagged

    def last(self, key: Key) -> Receipt | None:
        return max((one for one in self.receipts.values() if one.key == key), key=lambda one: one.order, default=None)

    def words(self) -> dict[Key, Word]:
        keys = {one.key for one in self.receipts.values()}
        return {key: last.word for key in keys if (last := self.last(key))}


class Sync(RuleBasedStateMachine):
    """Two phones of the owner and one of a caregiver, a vet who changes the plan, and a clock."""

    def __init__(self) -> None:
        super().__init__()
        self.example = transaction.atomic()
        self.example.__enter__()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.example.__exit__(None, None, None)

    @initialize(zone=st.sampled_from(["Europe/Madrid", "America/Los_Angeles", "Pacific/Auckland"]))
    def begin(self, zone: str) -> None:
        clinic = make.make_clinic()
        self.vet = make.join(make.make_user(), clinic, "vet")
        self.people = {"owner": make.make_user(), "caregiver": make.make_user()}
        self.dog = make.make_patient(clinic, self.vet, owner=self.people["owner"], time_zone=zone)
        make.care_for(self.dog, self.people["caregiver"], "caregiver")
        self.program = make.make_program(self.dog, self.vet)
        self.now = make.NOW
        self.model = Model(zone=zone)
        for one in self.program.prescriptions.all():
            self.model.plans[str(one.pk)] = (one.starts_on, one.ends_on, one.times_per_day)
        stranger = make.make_patient(clinic, self.vet)
        self.foreign = str(make.make_program(stranger, self.vet).prescriptions.get(position=0).pk)
        self.phones = [Phone("owner"), Phone("owner"), Phone("caregiver")]

    # --- On the phones -----------------------------------------------------------------------------------------------

    @rule(seconds=st.integers(0, 3))
    def moments_pass(self, seconds: int) -> None:
        self.now += dt.timedelta(seconds=seconds)

    @rule(hours=st.one_of(st.integers(1, 60), st.integers(24 * 20, 24 * 46), st.sampled_from([24 * 90, 24 * 90 + 1])))
    def time_passes(self, hours: int) -> None:
        """Up to the longest delay that is taken, and an hour beyond."""
        self.now += dt.timedelta(hours=hours)

    @rule(phone=st.integers(0, 2), ahead=st.sampled_from([0, 1, -1, 700, -700, 5 * 365 * 86_400]))
    def clock_is_set(self, phone: int, ahead: int) -> None:
        self.phones[phone].ahead = dt.timedelta(seconds=ahead)

    @rule(
        phone=st.integers(0, 2),
        kind=st.sampled_from([*SAID, "pain", "activities"]),
        item=st.integers(0, 20),
        slot=st.sampled_from([1, 1, 1, 2, 3]),
        days_back=st.sampled_from([0, 0, 0, 1, 2, 3, -1]),
        score=st.integers(0, 10),
        rest=st.integers(0, 2**74 - 1),
    )
    def tap(self, phone: int, kind: str, item: int, slot: int, days_back: int, score: int, rest: int) -> None:
        made_on = self.phones[phone]
        clock = (self.now + made_on.ahead).replace(microsecond=0)
        items = [*self.model.plans, self.foreign]
        payload: dict[str, Any] = {"prescription": items[item % len(items)], "slot": slot}
        if kind == "pain":
            payload = {"moment": "before", "score": score}
        if kind == "activities":
            rated = {f"activity_{number}": (score + number) % 5 for number in range(1, len(ACTIVITIES) + 1)}
            payload = {"definition": str(self.program.definition_id), **rated}
        payload |= {"share": 60} if kind == "partial" else {"reason": "no_time"} if kind == "skip" else {}
        made_on.made.append(
            {
                "id": uuid7(clock, rest),
                "kind": kind,
                "patient": str(self.dog.pk),
                "payload": payload,
                # The page's day is the server's, whatever the phone's clock says.
                "day": str(self.dog.today(self.now) - dt.timedelta(days=days_back)),
                "done_at": clock.isoformat(),
                "time_zone": self.dog.time_zone,
                "plan_version": 1,
                "device": made_on.device,
                "sequence": len(made_on.made) + 1,
            }
        )

    # --- Elsewhere ---------------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.model.plans) < 6)
    @rule(starts_in=st.integers(0, 2))
    def the_plan_changes(self, starts_in: int) -> None:
        """The oldest open item ends today; one like it, with a time more a day, starts today or soon."""
        today = self.dog.today(self.now)
        ending = (
            self.program.prescriptions.filter(ended_by=None, starts_on__lte=today).order_by("starts_on", "pk").first()
        )
        if ending is None:
            return
        decision = Decision.objects.create(
            clinic=self.dog.clinic,
            patient=self.dog,
            program=self.program,
            kind="progress",
            reason="Eight of eight were clean",
            plan_version=len(self.model.plans),
            effective_on=today,
            decided_by=self.vet,
            decided_at=self.now,
        )
        Prescription.objects.filter(pk=ending.pk).update(ends_on=today, ended_by=decision)
        self.model.plans[str(ending.pk)] = (ending.starts_on, today, ending.times_per_day)
        new = make.make_prescription(
            self.program,
            decision,
            ending.exercise,
            {**ending.dose, "per_day": min(3, ending.times_per_day + 1)},
            starts_on=today + dt.timedelta(days=starts_in),
        )
        self.model.plans[str(new.pk)] = (new.starts_on, None, new.times_per_day)

    @precondition(lambda self: not self.model.revoked)
    @rule()
    def the_caregivers_time_ends(self) -> None:
        Caregiver.objects.filter(user=self.people["caregiver"]).update(ended_at=self.now)
        self.model.revoked.add("caregiver")

    # --- The network -------------------------------------------------------------------------------------------------

    @precondition(lambda self: any(phone.made for phone in self.phones))
    @rule(data=st.data(), phone=st.integers(0, 2))
    def deliver(self, data: st.DataObject, phone: int) -> None:
        """Any of what the phone has ever made, in any order, again or for the first time."""
        one = self.phones[phone]
        if not one.made:
            return
        recent = one.made[-MOST_IN_A_BATCH:]
        batch = data.draw(st.lists(st.sampled_from(recent), min_size=1, max_size=MOST_IN_A_BATCH))
        self._send(one.owner, batch)

    @rule(phone=st.integers(0, 2))
    def drain(self, phone: int) -> None:
        """What a phone does when it is online: everything, in order."""
        made = self.phones[phone].made
        for start in range(0, len(made), MOST_IN_A_BATCH):
            self._send(self.phones[phone].owner, made[start : start + MOST_IN_A_BATCH])

    @precondition(lambda self: self.model.receipts)
    @rule(data=st.data(), who=st.sampled_from(["owner", "caregiver"]))
    def deliver_a_key_with_other_content(self, data: st.DataObject, who: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.receipts)))
        known = json.loads(self.model.receipts[key].body)
        other = {**known, "kind": "undo", "payload": {"prescription": next(iter(self.model.plans)), "slot": 1}}
        self._send(who, [other if other != known else {**known, "plan_version": 2}])

    def _send(self, who: str, batch: list[dict[str, Any]]) -> None:
        with time_machine.travel(self.now, tick=False):
            browser = Client()
            browser.force_login(self.people[who])
            answer = browser.post(reverse("api:commands"), json.dumps(batch), content_type="application/json")
        assert answer.status_code == 200
        found = [(one["id"], one["outcome"], one.get("code")) for one in answer.json()["answers"]]
        assert found == [(one["id"], *self.model.take(one, by=who, at=self.now)) for one in batch]

    # --- What holds at every moment ----------------------------------------------------------------------------------

    @invariant()
    def receipts_are_those_of_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        assert set(map(str, Command.objects.values_list("pk", flat=True))) == self.model.receipts.keys()

    @invariant()
    def last_words_are_those_of_the_model(self) -> None:
        if not hasattr(self, "model"):
            return
        slots = PerformedExercise.objects.values_list(
            *("prescription", "day", "slot", "done_at", "pk", "state", "share", "skip_reason")
        )
        pains = PainAnswer.objects.values_list("day", "moment", "done_at", "pk", "score")
        rows = [((str(row[0]), row[1], row[2]), row[3:5], row[5:]) for row in slots]
        rows += [(("pain", row[0], row[1]), row[2:4], row[4:]) for row in pains]
        scores = OutcomeScore.objects.values_list("day", "recorded_at", "pk", "subscores", "withdrawn_at")
        rows += [(("csom", row[0], ""), row[1:3], (row[3],)) for row in scores]
        assert len(rows) == len(self.model.receipts)
        assert last_words(rows) == self.model.words()

    @invariant()
    def of_the_scores_of_a_day_only_the_last_stands(self) -> None:
        if not hasattr(self, "model"):
            return
        standing = OutcomeScore.objects.standing().values_list("day", "pk")
        last = {
            key[1]: one.order[1] for key in self.model.words() if key[0] == "csom" and (one := self.model.last(key))
        }
        assert sorted(standing) == sorted(last.items())

    @invariant()
    def what_was_not_prescribed_is_flagged(self) -> None:
        if not hasattr(self, "model"):
            return
        flagged = PerformedExercise.objects.filter(is_unplanned=True).values_list("pk", flat=True)
        assert set(map(str, flagged)) == {pk for pk, one in self.model.receipts.items() if one.is_flagged}

    @invariant()
    def the_day_on_the_screen_says_the_same(self) -> None:
        if not hasattr(self, "model"):
            return
        today = self.dog.today(self.now)
        shown = {
            (str(prescription), today, slot): (event.state, event.share, event.skip_reason)
            for (prescription, slot), event in read_day(self.dog.pk, today).last.items()
        }
        # What was flagged was on no page of that day.
        flagged = {one.key for one in self.model.receipts.values() if one.is_flagged}
        words = {
            key: word for key, word in self.model.words().items() if key[0] not in ("pain", "csom") and key[1] == today
        }
        assert {key: word for key, word in shown.items() if key not in flagged} == {
            key: word for key, word in words.items() if key not in flagged
        }


def last_words(rows: Iterable[tuple[Key, tuple[Any, ...], Word]]) -> dict[Key, Word]:
    """Of each key, the word whose order is the last."""
    return {key: word for key, _, word in sorted(rows, key=lambda row: row[1])}


@pytest.mark.django_db
def test_server_holds_what_the_model_holds() -> None:
    run_state_machine_as_test(
        Sync,
        settings=settings(
            max_examples=40,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
