"""A family whose phone sends its days to the product, as `static/js/outbox.js` does: the same door, the same format."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from playwright.sync_api import BrowserContext

from rehab.lib.ids import new_id
from rehab.patients.models import Patient
from rehab.programs.models import Prescription, Program

Said = tuple[str, dict[str, Any], str]


@dataclass(kw_only=True)
class Family:
    """Speaks for one dog with the session of a browser; each of its days is one message of the outbox."""

    browser: BrowserContext
    dog: Patient
    doses: tuple[str, ...] = ()
    medicine: str = ""
    device: UUID = field(default_factory=new_id)
    sequence: int = 0

    def tell(self, day: dt.date, *said: Said) -> None:
        """Send what was said on a day, in the order of its clock times.

        Raises: AssertionError where the product did not take all of it as it was said.
        """
        zone = ZoneInfo(self.dog.time_zone)
        version = Program.objects.filter(patient=self.dog).latest("pk").plan_version
        commands = []
        for kind, payload, clock in sorted(said, key=lambda one: one[2]):
            self.sequence += 1
            commands.append(
                {
                    "id": str(new_id()),
                    "kind": kind,
                    "patient": str(self.dog.pk),
                    "payload": payload,
                    "day": day.isoformat(),
                    "done_at": dt.datetime.combine(day, dt.time.fromisoformat(clock), zone).isoformat(),
                    "time_zone": self.dog.time_zone,
                    "plan_version": version,
                    "device": str(self.device),
                    "sequence": self.sequence,
                }
            )
        session = self.browser.request.get("/api/v1/session/").json()
        answer = self.browser.request.post(
            "/api/v1/commands/",
            data=commands,
            headers={"X-CSRFToken": session["csrf"], "X-User-Key": session["user"]},
        )
        assert answer.ok, answer.text()
        answers = answer.json()["answers"]
        assert {one["outcome"] for one in answers} == {"applied"}, answers

    def whole_day(
        self,
        day: dt.date,
        *,
        before: int = 0,
        after: int = 0,
        morning: int | None = 0,
        only: str = "",
        done: bool = True,
        steps: int = 10,
        standing: int = 20,
        knuckling: str = "sometimes",
        missed: tuple[str, ...] = (),
        measures: Mapping[str, int] | None = None,
    ) -> list[Said]:
        """All that is asked on a day: doses, pain, the check, each exercise, and how it went; `morning` was before it."""
        return [
            *self._doses(missed),
            *([("pain", {"moment": "next_morning", "score": morning}, "07:10")] if morning is not None else []),
            ("report", {"answers": self._answers(steps, standing, knuckling), "flags": []}, "07:20"),
            ("pain", {"moment": "before", "score": before}, "08:30"),
            *(self._exercises(day, only) if done else ()),
            *(("measure", {"metric": name, "value": str(value)}, "17:00") for name, value in (measures or {}).items()),
            *([("pain", {"moment": "after", "score": after}, "18:30")] if done else []),
            ("response", {"tired": 1, "quality": 3, "areas": []}, "18:40"),
        ]

    def _answers(self, steps: int, standing: int, knuckling: str) -> dict[str, Any]:
        return {"unaided_steps": steps, "knuckling": knuckling, "standing_s": standing, "urination": "normal"}

    def _doses(self, missed: tuple[str, ...]) -> Iterator[Said]:
        for clock in self.doses:
            said: dict[str, Any] = {"medicine": self.medicine, "time": clock, "given": clock not in missed}
            yield "medicine", {**said, "reason": "forgot"} if clock in missed else said, clock

    def _exercises(self, day: dt.date, only: str) -> Iterator[Said]:
        current = Prescription.objects.filter(patient=self.dog, ended_by=None).select_related("exercise")
        for one in current.order_by("position", "pk"):
            is_left_out = only not in ("", one.exercise.slug) and one.exercise.is_active
            for slot in range(1, one.times_per_day + 1) if one.is_due_on(day) else ():
                said: dict[str, Any] = {"prescription": str(one.pk), "slot": slot}
                clock = f"{9 + (slot - 1) * 2:02}:{10 + one.position:02}"
                yield ("skip", {**said, "reason": "no_time"}, clock) if is_left_out else ("tick", said, clock)
