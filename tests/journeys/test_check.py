"""The check for warning signs on a phone: it stops the exercises at once, and never says more than is true."""

import datetime as dt
import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, Route, expect

from accounts.models import User
from rehab.library import reading
from rehab.patients.models import Patient
from rehab.sessions import warning_signs
from rehab.sessions.models import WarningReport
from rehab.sessions.warning_signs import BEST_FIRST, Answers, Check, Past, expected
from tests import make
from tests.journeys.conftest import NewContext, eventually
from tests.journeys.story import IS_STORED
from tests.journeys.test_today import base_url, dog, signed_in
from tests.sessions.reporting import report

pytestmark = [pytest.mark.browser, pytest.mark.phone, pytest.mark.django_db(transaction=True)]
__all__ = ["base_url", "dog"]

IsAccessible = Callable[[Page], None]
CASES = 1500
STILL_STOPPED = "The exercises are still stopped. Call Lindenhof Veterinary Clinic: only a vet can start them again."
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
RULE = """async (cases) => {
    const { knownBefore, weigh, withCheck } = await import("/static/js/lib/warning-signs.js");
    return cases.map(({ rule, own, at, answers, ticked }) => {
        const known = own.reduce((before, { check, ticked }) => withCheck(before, check, ticked), rule);
        return weigh(answers, ticked, knownBefore(known, at), rule.signs);
    });
}"""


def address(dog: Patient) -> str:
    return reverse("sessions:check", args=[dog.pk])


def opened(context: BrowserContext, dog: Patient, base_url: str) -> Page:
    page = signed_in(context, "olga@example.test", base_url)
    page.goto(address(dog))
    return page


def tick(page: Page, flag: str) -> None:
    box = page.locator(f"warning-check input[value={flag}]")
    box.evaluate("(box) => { const fold = box.closest('details'); if (fold) fold.open = true; }")
    box.check()


def result(page: Page) -> Any:
    return page.locator("[data-result] [data-urgency]")


def some_answers(chance: random.Random) -> dict[str, int | str]:
    numbers = {"unaided_steps": chance.randint(0, 10), "standing_s": chance.choice([0, 5, 10, 15, 20, 30])}
    words = {name: chance.choice(choices) for name, choices in BEST_FIRST.items()}
    everything: dict[str, int | str] = {**numbers, **words}
    return {name: value for name, value in everything.items() if chance.random() < 0.7}


def some_ticks(chance: random.Random) -> list[str]:
    # One of them is a sign that the content does not have.
    return [flag for flag in (*(sign.id for sign in reading.red_flags()), "RF98") if chance.random() < 0.03]


@dataclass(frozen=True, kw_only=True)
class Case:
    past: Past
    own: tuple[tuple[Check, list[str]], ...]
    answers: Answers
    ticked: list[str]

    @property
    def known(self) -> warning_signs.Known:
        past = self.past
        for check, ticked in self.own:
            past = past.with_check(check, ticked=ticked)
        return warning_signs.known_before(past, at=make.NOW)


def some_checks(chance: random.Random, *, most: int) -> tuple[Check, ...]:
    hours = sorted(chance.sample(range(1, 120), chance.randint(0, most)), reverse=True)
    return tuple(Check(at=make.NOW - dt.timedelta(hours=hour), answers=some_answers(chance)) for hour in hours)


def some_case(chance: random.Random) -> Case:
    past = Past(
        expected=expected(chance.choice([None, 0, 1, 2, 3, 4, 5])),
        checks=some_checks(chance, most=5),
        released_at=make.NOW - dt.timedelta(hours=chance.randint(1, 80)) if chance.random() < 0.3 else None,
    )
    own = tuple((check, some_ticks(chance)) for check in some_checks(chance, most=3))
    return Case(past=past, own=own, answers=some_answers(chance), ticked=some_ticks(chance))


def test_phone_and_server_weigh_alike(dog: Patient, new_phone: NewContext, base_url: str) -> None:
    chance = random.Random(4)  # noqa: S311 - the same cases each time
    cases = [some_case(chance) for _ in range(CASES)]
    signs = [[sign.id, sign.urgency, warning_signs.stop_of(sign)] for sign in reading.red_flags()]
    here = [warning_signs.weigh(case.answers, case.ticked, known=case.known) for case in cases]
    page = opened(new_phone(), dog, base_url)

    there = page.evaluate(
        RULE,
        [
            {
                "rule": {
                    "signs": signs,
                    "expected": case.past.expected,
                    "checks": [[one.at.isoformat(), one.answers] for one in case.past.checks],
                    "released_at": case.past.released_at and case.past.released_at.isoformat(),
                },
                "own": [{"check": [one.at.isoformat(), one.answers], "ticked": ticked} for one, ticked in case.own],
                "at": make.NOW.timestamp() * 1000,
                "answers": case.answers,
                "ticked": case.ticked,
            }
            for case in cases
        ],
    )

    assert [{**one, "flags": tuple(one["flags"])} for one in there] == [vars(one) for one in here]
    by_answers = {flag for case, one in zip(cases, here, strict=True) for flag in {*one.flags} - {*case.ticked}}
    assert by_answers == {"RF01", "RF02", "RF03", "RF04", "RF13", "RF14"}
    assert {one.urgency for one in here} == {"", *warning_signs.URGENCIES}
    assert sum(one.flags == () for one in here) > 20


def test_hit_without_a_network_stops_at_once_and_tells_the_truth(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: IsAccessible, expected: list[str]
) -> None:
    expected += [r"net::ERR_", r"Failed to fetch"]
    context = new_phone()
    page = opened(context, dog, base_url)
    assert_accessible(page)
    context.set_offline(True)

    tick(page, "RF01")
    expect(page.locator(".check-now")).to_contain_text("Call now")
    page.get_by_role("button", name="Send").click()

    stop = page.get_by_role("dialog", name="Call now")
    expect(stop).to_be_visible()
    expect(stop).to_contain_text("Suddenly cannot stand or walk")
    expect(stop).to_contain_text("Keep your dog still")
    assert [link.get_attribute("href") for link in stop.get_by_role("link").all()] == [
        "tel:+15550100",
        "tel:+15550199",
    ]
    expect(stop.get_by_role("status")).to_have_text("Saved on this phone. The clinic does not have it yet.")
    # What Today goes by on this phone, before anybody else knows.
    (kept,) = page.evaluate("() => Outbox.tx('outbox', 'readonly', (all) => all.getAll())")
    assert (kept["kind"], kept["state"], kept["stops"]) == ("report", "pending", True)
    assert_accessible(page)
    assert not WarningReport.objects.exists()

    context.set_offline(False)
    said = re.compile(
        r"^Received by Lindenhof Veterinary Clinic’s Steadyback at \d\d:\d\d\. Nobody may have read it yet: call\.$"
    )
    expect(stop.get_by_role("status")).to_have_text(said)
    report = WarningReport.objects.get()
    assert (report.flags, report.urgency, report.stop) == (["RF01"], "emergency_now", "all_active_and_passive")
    assert "informed" not in page.content()

    stop.get_by_role("button", name="Close").click()
    expect(stop).to_be_hidden()
    expect(result(page)).to_have_attribute("data-urgency", "emergency_now")
    page.reload()
    expect(result(page)).to_have_attribute("data-urgency", "emergency_now")
    expect(result(page)).to_contain_text("Nobody may have read it yet: call.")


def test_next_check_begins_empty_whatever_happens_to_the_last(
    dog: Patient, new_phone: NewContext, base_url: str, expected: list[str]
) -> None:
    expected += [r"net::ERR_", r"Failed to fetch"]
    context = new_phone()
    page = opened(context, dog, base_url)
    context.set_offline(True)
    tick(page, "RF16")
    page.get_by_role("button", name="Send").click()
    expect(result(page).get_by_role("status")).to_have_text("Saved on this phone. The clinic does not have it yet.")
    page.get_by_role("button", name="Check again").click()
    expect(page.locator("warning-check input:checked")).to_have_count(0)

    context.set_offline(False)
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    expect(page.locator("warning-check input:checked")).to_have_count(0)
    assert page.locator(".check-form").get_attribute("data-stops") is None
    page.get_by_role("button", name="None of these").click()
    expect(result(page)).to_have_attribute("data-urgency", "")
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_visible()
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    assert list(WarningReport.objects.order_by("done_at").values_list("flags", flat=True)) == [["RF16"], []]


def test_page_that_does_not_know_of_the_report_shows_what_this_phone_has_kept(
    dog: Patient, new_phone: NewContext, base_url: str, expected: list[str]
) -> None:
    expected += [r"net::ERR_", r"Failed to fetch"]
    context = new_phone()
    context.route("**/api/v1/**", lambda route: route.abort())
    page = opened(context, dog, base_url)
    tick(page, "RF06")
    page.get_by_role("button", name="Send").click()
    saved = "Saved on this phone. The clinic does not have it yet."
    expect(page.get_by_role("dialog").get_by_role("status")).to_have_text(saved)

    page.reload()
    expect(result(page)).to_have_attribute("data-urgency", "emergency_now")
    expect(result(page).get_by_role("status")).to_have_text(saved)
    expect(page.get_by_role("button", name="Send")).to_be_hidden()
    assert not WarningReport.objects.exists()

    context.unroute("**/api/v1/**")
    page.reload()
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    assert WarningReport.objects.get().flags == ["RF06"]


def cannot_walk(page: Page) -> None:
    page.locator("input[name=unaided_steps][value='0']").check()
    page.locator("input[name=voluntary_move][value=no]").check()
    page.get_by_role("button", name="Send").click()


def test_same_bad_answers_again_are_the_same_emergency_and_no_answer_lifts_the_stop(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: IsAccessible, expected: list[str]
) -> None:
    expected += [r"net::ERR_", r"Failed to fetch"]
    context = new_phone()
    page = opened(context, dog, base_url)
    context.set_offline(True)
    for _ in range(2):
        cannot_walk(page)
        stop = page.get_by_role("dialog", name="Call now")
        expect(stop).to_contain_text("Suddenly cannot stand or walk")
        expect(stop.get_by_role("status")).to_have_text("Saved on this phone. The clinic does not have it yet.")
        expect(stop.get_by_text(STILL_STOPPED)).to_be_hidden()
        stop.get_by_role("button", name="Close").click()
        page.get_by_role("button", name="Check again").click()
        page.wait_for_timeout(600)  # at once the same answers would be taken for a slip of the thumb

    page.get_by_role("button", name="None of these").click()
    expect(result(page)).to_have_attribute("data-urgency", "")
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_visible()
    assert_accessible(page)

    context.set_offline(False)
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_visible()
    weighed = WarningReport.objects.order_by("done_at", "pk").values_list("flags", "stop")
    bad = (["RF01", "RF02", "RF03"], "all_active_and_passive")
    assert list(weighed) == [bad, bad, ([], "none")]
    # The page that the server prints now says the same, and so does the phone on it.
    page.reload()
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_visible()
    page.get_by_role("button", name="None of these, all as before").click()
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_visible()


def test_sign_of_one_exercise_holds_it_here_at_once_and_the_others_go_on(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: IsAccessible, expected: list[str]
) -> None:
    expected += [r"net::ERR_", r"Failed to fetch"]
    heat = make.make_exercise("heat-pack", name="Heat pack", category="thermal", mode="passive", load=0)
    program = dog.programs.get()
    held = make.make_prescription(program, program.decisions.get(), heat, {"minutes": 10}, position=9)
    context = new_phone()
    page = opened(context, dog, base_url)
    today = reverse("sessions:today", args=[dog.pk])
    exercise = reverse("sessions:exercise", args=[dog.pk, held.pk])
    page.goto(today)
    eventually(page, lambda: page.evaluate(IS_STORED, exercise), expected=True)
    card = page.locator("#held-here")
    expect(page.locator(f"#item-{held.pk}")).to_be_visible()
    page.goto(address(dog))
    context.set_offline(True)
    tick(page, "RF25")
    page.get_by_role("button", name="Send").click()
    expect(result(page).get_by_role("status")).to_have_text("Saved on this phone. The clinic does not have it yet.")

    page.goto(today)
    expect(card).to_contain_text("Stopped until the clinic has looked")
    expect(card.get_by_role("listitem")).to_have_text(["Heat pack"])
    expect(card).to_contain_text("Your report is saved on this phone. The clinic does not have it yet.")
    expect(page.locator(f"#item-{held.pk}")).to_be_hidden()
    expect(page.locator("li.item:visible")).to_have_count(2)
    assert_accessible(page)
    page.goto(exercise)
    expect(card).to_be_visible()
    expect(page.locator(".exercise-work")).to_be_hidden()

    # Once the server has it, its own words take the place of these.
    context.set_offline(False)
    page.goto(today)
    expect(page.locator("#held")).to_contain_text("Heat pack")
    expect(card).to_have_count(0)
    WarningReport.objects.get()


def test_report_that_was_refused_still_stops_and_is_no_measure(
    dog: Patient, new_phone: NewContext, base_url: str
) -> None:
    def refuse(route: Route) -> None:
        answers = [
            {"id": one["id"], "outcome": "refused", "code": "day_ahead", "reason": "The day is ahead."}
            for one in json.loads(route.request.post_data or "[]")
        ]
        route.fulfill(json={"at": make.now().isoformat(), "answers": answers})

    context = new_phone()
    page = opened(context, dog, base_url)
    context.route("**/api/v1/commands/", refuse)
    cannot_walk(page)
    stop = page.get_by_role("dialog", name="Call now")
    expect(stop.get_by_role("status")).to_contain_text("The clinic did not take it")
    context.unroute("**/api/v1/commands/")

    page.reload()
    expect(result(page)).to_have_attribute("data-urgency", "emergency_now")
    page.get_by_role("button", name="Check again").click()
    page.get_by_role("button", name="None of these").click()
    expect(result(page)).to_have_attribute("data-urgency", "")
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_visible()

    page.get_by_role("button", name="Check again").click()
    cannot_walk(page)
    expect(page.get_by_role("dialog", name="Call now").get_by_role("status")).to_contain_text("Received by")
    assert WarningReport.objects.latest("done_at").flags == ["RF01", "RF02", "RF03"]


def test_vet_reads_what_the_family_saw_and_releases(
    dog: Patient, new_phone: NewContext, desktop: BrowserContext, base_url: str, assert_accessible: IsAccessible
) -> None:
    report(dog, User.objects.get(email="olga@example.test"), "RF16", at=make.now(), unaided_steps=9)
    page = signed_in(desktop, "vera@example.test", base_url)
    page.goto(reverse("guidance:patient", args=[dog.pk]))
    notice = page.get_by_role("region", name="A warning sign has stopped the exercises")
    expect(notice).to_contain_text("Grade 3 suspected; only a vet sets the grade.")
    assert_accessible(page)

    notice.get_by_role("link", name="Release the exercises").click()
    assert_accessible(page)
    page.get_by_role("button", name="Release the exercises").click()
    assert_accessible(page)
    page.get_by_label("Why may the exercises go on?").fill("Examined today: walks, no pain")
    page.get_by_role("button", name="Release the exercises").click()

    expect(page.get_by_text("Released. Bruno’s exercises go on as planned.")).to_be_visible()
    expect(notice).to_have_count(0)
    family = opened(new_phone(), dog, base_url)
    expect(result(family)).to_contain_text("A vet has looked at this and released the exercises.")


def test_fall_of_steps_is_a_hit_though_nothing_was_ticked(dog: Patient, new_phone: NewContext, base_url: str) -> None:
    owner = User.objects.get(email="olga@example.test")
    report(dog, owner, at=make.now(), unaided_steps=10, knuckling="none", standing_s=20)
    page = opened(new_phone(), dog, base_url)
    expect(page.get_by_text("Last time: 20 seconds (today)")).to_be_visible()

    page.locator("input[name=unaided_steps][value='4']").check()
    page.get_by_role("button", name="Send").click()

    expect(page.get_by_role("dialog", name="Call now")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("Suddenly cannot stand or walk")
    expect(page.get_by_role("dialog").get_by_role("status")).to_contain_text("Received by")
    assert WarningReport.objects.latest("received_at").flags == ["RF01", "RF03"]


def test_sign_of_today_is_a_red_card_and_one_for_the_review_a_note(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: IsAccessible
) -> None:
    page = opened(new_phone(), dog, base_url)
    tick(page, "RF16")
    expect(page.get_by_role("button", name="None of these")).to_be_hidden()
    page.get_by_role("button", name="Send").click()
    expect(result(page)).to_have_attribute("data-urgency", "call_today")
    expect(page.get_by_role("dialog")).to_be_hidden()
    expect(result(page)).to_contain_text("Bruno’s exercises stop until a vet releases them.")
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    assert_accessible(page)

    page.get_by_role("button", name="Check again").click()
    tick(page, "RF29")
    page.get_by_role("button", name="Send").click()
    expect(result(page)).to_have_attribute("data-urgency", "next_review")
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    assert "call" not in (result(page).get_by_role("status").text_content() or "")
    assert_accessible(page)
    # A milder check clears nothing, and says so.
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_visible()
    assert WarningReport.objects.filter(patient=dog).stopping().count() == 1


def test_none_of_these_is_one_tap_and_no_false_comfort(dog: Patient, new_phone: NewContext, base_url: str) -> None:
    page = opened(new_phone(), dog, base_url)
    page.get_by_role("button", name="None of these").click()
    expect(result(page)).to_have_attribute("data-urgency", "")
    expect(result(page)).to_contain_text("If Bruno seems worse, or you are worried, call all the same.")
    expect(result(page).get_by_text(STILL_STOPPED)).to_be_hidden()
    expect(result(page).get_by_role("status")).to_contain_text("Received by")
    assert list(WarningReport.objects.values_list("flags", "answers", "urgency")) == [([], {}, "")]


def test_check_works_without_javascript(
    dog: Patient, new_phone: NewContext, base_url: str, assert_accessible: IsAccessible
) -> None:
    page = opened(new_phone(java_script_enabled=False), dog, base_url)
    page.locator("input[value=RF01]").check()
    page.get_by_role("button", name="Send").click()
    expect(page).to_have_url(f"{base_url}{address(dog)}")
    expect(result(page)).to_have_attribute("data-urgency", "emergency_now")
    expect(result(page)).to_contain_text("Nobody may have read it yet: call.")
    expect(page.get_by_text("Bruno’s exercises are stopped since")).to_be_visible()


@pytest.mark.parametrize(("width", "colours"), [(360, "light"), (360, "dark"), (320, "light")])
def test_page_fits_a_small_phone(
    dog: Patient, new_context: NewContext, base_url: str, width: int, colours: Any, assert_accessible: IsAccessible
) -> None:
    page = opened(new_context(viewport={"width": width, "height": 800}, color_scheme=colours), dog, base_url)
    assert page.evaluate(TOO_WIDE) <= 0
    for call in page.locator(".check-calls .call").all():
        expect(call).to_be_in_viewport()
    assert_accessible(page)
