"""The benchmark's dogs: one family's day with seven items, and clinics of 10, 100 and 1,000 dogs.

Prints the endpoints to measure as one line of JSON.
"""

import datetime as dt
import json
from typing import Any

import django

django.setup()

from django.conf import settings  # noqa: E402
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.db import transaction  # noqa: E402
from django.urls import reverse  # noqa: E402
from django.utils import timezone  # noqa: E402

from accounts.models import User  # noqa: E402
from accounts.sessions import SessionStore  # noqa: E402
from rehab.guidance.actions import refresh_summaries  # noqa: E402
from rehab.patients.models import Patient  # noqa: E402
from tests import make  # noqa: E402

ITEMS: list[tuple[str, dict[str, Any]]] = [
    ("leash-walk", {"minutes": 10, "per_day": 2, "days_per_week": 7}),
    ("stand-count", {"sets": 3, "hold_s": 10, "per_day": 2, "days_per_week": 7}),
    ("weight-shift", {"reps": 5, "per_day": 2, "days_per_week": 7}),
    ("heads-up", {"reps": 15, "per_day": 1, "days_per_week": 7}),
    ("light-massage", {"minutes": 5, "per_day": 2, "days_per_week": 7}),
    ("heat-pack", {"minutes": 10, "per_day": 1, "days_per_week": 7}),
    ("cookie-stretch", {"reps": 4, "hold_s": 3, "per_day": 1, "days_per_week": 7}),
]
CSRF = "a" * 32


def headers(user: User, content_type: str = "application/x-www-form-urlencoded") -> dict[str, str]:
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    cookie = f"{settings.SESSION_COOKIE_NAME}={session.session_key}; {settings.CSRF_COOKIE_NAME}={CSRF}"
    return {"Cookie": cookie, "Content-Type": content_type, "X-CSRFToken": CSRF, "HX-Request": "true"}


def clinic_with(dogs: int, today: dt.date) -> User:
    """A vet whose clinic has that many dogs, each with a program and a fortnight of answers."""
    clinic = make.make_clinic(name=f"Clinic of {dogs}")
    vet = make.join(make.make_user(f"vet-{dogs}@example.test", "Dr. Vera Lind"), clinic, "vet")
    for number in range(dogs):
        owner = make.make_user(f"owner-{dogs}-{number}@example.test", f"Owner {number}")
        dog = make.make_patient(clinic, vet, owner=owner, name=f"Dog {number:04}")
        make.make_definition(dog, vet, re_exam_due_on=today + dt.timedelta(days=9))
        program = make.make_program(dog, vet, starts_on=today - dt.timedelta(days=30), exercises=ITEMS[1:3])
        for back in range(1, 4):
            day = today - dt.timedelta(days=back + number % 9)
            make.make_pain(dog, day, "after", (number + back) % 8)
            for prescription in program.prescriptions.all():
                make.make_tick(prescription, day)
    return vet


def main() -> None:
    now = timezone.now()
    with transaction.atomic():
        clinic = make.make_clinic()
        vet = make.join(make.make_user("vet@example.test", "Dr. Vera Lind"), clinic, "vet")
        owner = make.make_user("owner@example.test", "Olga Ruiz")
        dog = make.make_patient(clinic, vet, owner=owner)
        today = dog.today(now)
        make.make_definition(dog, vet, re_exam_due_on=today + dt.timedelta(days=9))
        program = make.make_program(dog, vet, starts_on=today - dt.timedelta(days=30), exercises=ITEMS)
        vets = {dogs: clinic_with(dogs, today) for dogs in (10, 100, 1000)}
    refresh_summaries(at=now)
    prescriptions = list(program.prescriptions.order_by("position"))
    family = headers(owner)

    def command(kind: str, payload: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": "{uuid7}",
            "kind": kind,
            "patient": str(dog.pk),
            "payload": payload,
            "done_at": "{now}",
            "day": today.isoformat(),
            "time_zone": dog.time_zone,
            "plan_version": 1,
        }

    slots = [(p, slot) for p in prescriptions for slot in range(1, p.times_per_day + 1)]
    batch = [command("tick", {"prescription": str(p.pk), "slot": slot}) for p, slot in (slots * 2)[:20]]
    of_this_dog = f"WHERE patient_id = '{dog.pk.hex}'"
    forget = [f"rehab_sessions_performedexercise {of_this_dog}", f"rehab_sessions_command {of_this_dog}"]
    endpoints: list[dict[str, Any]] = [
        {
            "name": "today",
            "title": "Today, 7 items",
            "like": "page",
            "goal_sql": 8,
            "goal_cpu": "1.5x",
            "requests": [{"method": "GET", "path": reverse("sessions:today", args=[dog.pk]), "headers": family}],
        },
        {
            "name": "tick",
            "title": "one tick",
            "like": "entry",
            "goal_sql": 5,
            "goal_cpu": "1.5x",
            "forget": forget,
            "requests": [
                {
                    "method": "POST",
                    "path": reverse("api:commands"),
                    "headers": headers(owner, "application/json"),
                    "body": json.dumps([command("tick", {"prescription": str(p.pk), "slot": slot})]),
                }
                for p, slot in slots
            ],
        },
        {
            "name": "batch",
            "title": "20 ticks in one request",
            "like": "entry",
            "goal_sql": 12,
            "goal_cpu": "2.5x",
            "forget": forget,
            "requests": [
                {
                    "method": "POST",
                    "path": reverse("api:commands"),
                    "headers": headers(owner, "application/json"),
                    "body": json.dumps(batch),
                }
            ],
        },
    ]
    for dogs, user in vets.items():
        shown = min(dogs, 100)
        endpoints.append(
            {
                "name": f"list-{dogs}",
                "title": f"vet's list, {shown} of {dogs:,}",
                "like": "page",
                "goal_sql": 8,
                "goal_cpu": "3x",
                "goal_gzip": "10,240",
                "weight": 3,
                "requests": [{"method": "GET", "path": reverse("guidance:worklist"), "headers": headers(user)}],
            }
        )
    assert Patient.objects.count() == 1111
    print(json.dumps(endpoints))


main()
