"""Drafting, reading through and signing a problem definition, as people do it in a browser."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from time_machine import Traveller

from accounts.models import User
from rehab.patients.actions import save_draft, sign_definition
from rehab.patients.forms.definitions import DefinitionForm
from rehab.patients.models import Patient, ProblemDefinition
from rehab.patients.queries import state_of
from rehab.patients.signing_rules import Answers
from tests import make
from tests.patients.test_signing_rules import COMPLETE, WHOLE

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

# Ticked beside the question that they answer, and a button that stands for a date.
MOVED_IN_THE_FORM = ("patterns", "re_exam_in")
Browser = Callable[[User], Client]
Queries = Callable[[int], CaptureQueriesContext]


def draft_url(patient: Patient) -> str:
    return reverse("patients:definition-draft", args=[patient.pk])


def page(definition: ProblemDefinition) -> str:
    return reverse("patients:definition-detail", args=[definition.pk])


def sign_url(definition: ProblemDefinition) -> str:
    return reverse("programs:definition-sign", args=[definition.pk])


def typed(answers: Answers, *, seen: str = "0", **more: Any) -> dict[str, Any]:
    """What a browser sends for these answers."""
    shown = DefinitionForm.initial_of(answers)
    filled = {name: value for name, value in shown.items() if value is not None and value is not False}
    return {**filled, "seen": seen, **more}


@pytest.fixture
def draft(patient: Patient, therapist: User, now: dt.datetime) -> ProblemDefinition:
    return save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now)


def test_therapist_drafts_and_vet_signs(as_user: Browser, patient: Patient, therapist: User, vet: User) -> None:
    drafting = as_user(therapist)
    assert drafting.get(draft_url(patient)).status_code == 200
    answer = drafting.post(draft_url(patient), typed(COMPLETE, review="1"))
    draft = ProblemDefinition.objects.get()
    assertRedirects(answer, page(draft))
    assertContains(drafting.get(page(draft)), "A vet must sign this")

    signing = as_user(vet)
    review = signing.get(page(draft))
    assertContains(review, "What it would allow")
    assertContains(review, "Row D1")
    answer = signing.post(sign_url(draft), {"seen": state_of(draft)})
    assertRedirects(answer, page(draft))

    draft.refresh_from_db()
    assert (draft.signed_by, draft.drafted_by) == (vet, therapist)
    assertContains(signing.get(page(draft)), "Assign a program")


def test_draft_may_be_saved_with_gaps(as_user: Browser, patient: Patient, vet: User) -> None:
    answer = as_user(vet).post(draft_url(patient), {"seen": "0", "origin": "secondary"}, follow=True)

    assertContains(answer, "Draft saved.")
    draft = ProblemDefinition.objects.get()
    assert (draft.origin, draft.mechanism, draft.neuro_deficit, draft.pain_at_rest) == ("secondary", "", None, None)


def test_draft_page_shows_what_was_saved(
    as_user: Browser, patient: Patient, draft: ProblemDefinition, vet: User
) -> None:
    answer = as_user(vet).get(draft_url(patient))

    form = answer.context["form"]
    assert form["neuro_deficit"].value() == "no"
    assert form["neuro_grade"].value() == 0
    assertContains(answer, "Version 1, a draft · saved by Tom Reyes")
    assertContains(answer, "14 days <small>1 Apr</small>")
    # Nothing of gate A or B is called optional; only what may stay empty for good.
    labels = re.findall(r"<label[^>]*>([^<]+)(.*?)</label>", answer.content.decode())
    optional = [label.strip() for label, rest in labels if "optional" in rest]
    assert optional == ["Region", "Surgery on", "Anything else about it", "Body condition"]


def test_everything_that_is_typed_is_saved_and_shown_again(as_user: Browser, patient: Patient, vet: User) -> None:
    browser = as_user(vet)
    browser.post(draft_url(patient), typed(WHOLE))

    assert Answers.of(ProblemDefinition.objects.get()) == WHOLE
    shown = browser.get(draft_url(patient)).context["form"]
    assert shown.initial == DefinitionForm.initial_of(WHOLE)
    assert [row["name"].value() for row in shown.medicines] == ["Gabapentin", *[None] * 5]


def test_form_follows_the_way_a_vet_thinks(as_user: Browser, patient: Patient, vet: User) -> None:
    content = as_user(vet).get(draft_url(patient)).content.decode()
    assert re.findall(r"step-number\"></span> ([^<]+)</h2>", content) == [
        "Signs",
        "The two questions",
        "Cause and diagnosis",
        "Where and since when",
        "Neurologic grade",
        "Pain control",
        "Activity order",
        "The limb",
        "Movement habits",
        "What Bruno should do again",
        "Baseline",
        "Warning signs and the next look",
    ]
    # What is asked comes in the same order as what is objected to.
    places = [content.index(f'name="{name}"') for name in DefinitionForm.base_fields if name not in MOVED_IN_THE_FORM]
    assert places == sorted(places)


def test_draft_page_shows_what_follows_so_far(
    as_user: Browser, patient: Patient, therapist: User, now: dt.datetime
) -> None:
    answers = replace(WHOLE, origin="", pain_at_rest=5)
    save_draft(patient=patient, answers=answers, by=therapist, at=now)

    answer = as_user(therapist).get(draft_url(patient))

    assertContains(answer, "Until you have answered: the most careful limits")
    assertContains(answer, '<a href="#id_origin">Is the back itself the problem?</a>')
    assertNotContains(answer, "A question of document 000 is not answered")
    assertContains(answer, "Pain at rest is 5 of 10; above 3 no exercise until the pain is controlled.")
    assertContains(answer, "Harness only: nothing on the neck")
    assertContains(answer, "Acute: day 9 since the onset")
    assertContains(answer, '<a href="#id_origin">Answer the first question.')
    evidence = answer.context["evidence"]
    assert [(one.answer, one.ticked) for one in evidence["mechanism"]] == [
        ("Neurologic: nerve pain or deficit", "Worse with fatigue; Has trouble walking")
    ]
    assert [(one.answer, one.ticked) for one in evidence["origin"]] == [
        ("The back itself is the source", "Neck pain, or a neck disc suspected"),
        ("The back compensates for a limb", "Bunny-hops with both back legs; Carries its weight forward"),
    ]
    assertNotContains(answer, "Read through and sign")


@pytest.mark.parametrize(("kind", "at_first", "most"), [("medicine", 1, 6), ("activity", 3, 5)])
def test_another_row_without_javascript_saves_and_shows_it(
    as_user: Browser, patient: Patient, vet: User, kind: str, at_first: int, most: int
) -> None:
    browser = as_user(vet)
    part = {"medicine": "name", "activity": "text"}[kind]

    sent = {"seen": "0", f"{kind}_1_{part}": "Kept", f"more_{kind}": str(at_first + 1)}
    answer = browser.post(draft_url(patient), sent)

    page = f"{draft_url(patient)}?{kind}={at_first + 1}"
    assertRedirects(answer, f"{page}#id_{kind}_{at_first + 1}_{part}", fetch_redirect_response=False)
    name = {"medicine": "medicines_shown", "activity": "activities_shown"}[kind]
    assert browser.get(page).context[name] == at_first + 1
    assert browser.get(f"{draft_url(patient)}?{kind}=99").context[name] == most
    assert browser.get(f"{draft_url(patient)}?{kind}=-1x").context[name] == at_first
    stored = ProblemDefinition.objects.get()
    assert {"medicine": stored.medicines, "activity": stored.activities}[kind][0][part] == "Kept"


def test_another_row_beside_a_mistake_is_shown_too(as_user: Browser, patient: Patient, vet: User) -> None:
    answer = as_user(vet).post(draft_url(patient), {"seen": "0", "onset_on": "2099-01-01", "more_medicine": "2"})
    assert (answer.status_code, answer.context["medicines_shown"]) == (422, 2)


def test_suggested_day_without_javascript_is_saved(as_user: Browser, patient: Patient, vet: User) -> None:
    answer = as_user(vet).post(draft_url(patient), {"seen": "0", "re_exam_in": "14"})

    assertRedirects(answer, f"{draft_url(patient)}#id_re_exam_due_on", fetch_redirect_response=False)
    assert ProblemDefinition.objects.get().re_exam_due_on == make.TODAY + dt.timedelta(days=14)


# --- read through and signed --------------------------------------------------------------------------------------


def test_review_shows_everything_before_the_vet_commits(
    as_user: Browser, patient: Patient, vet: User, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=WHOLE, by=vet, at=now)
    answer = as_user(vet).get(page(draft))

    facts = {fact.label: fact.text for section in answer.context["sections"] for fact in section.facts}
    assert facts["Signs"] == "Does not want to walk or jump\nHas trouble walking"
    assert facts["Diagnosis"] == "Disc, without surgery"
    assert facts["Stage"] == "Acute: day 9 since the onset"
    assert facts["Neurologic grade"] == "2 · Walks, but weak or wobbly (thoracolumbar scale 0–5)"
    assert facts["Medicines"] == "Gabapentin, 100 mg by mouth, every 8 hours"
    assert facts["Movement habits"] == "Bunny-hops with both back legs\nCarries its weight forward"
    assert facts["Activities"].startswith("Walks: 2 · hard\n")
    assert facts["Baseline measures"] == "Stands unaided: 20 s\nUsual pain, last 7 days: 4 of 10"
    assert facts["Body condition"] == "7 of 9"

    content = answer.content.decode()
    before_committing = content[: content.index("Sign the definition")]
    for sentence in (
        "Row D3",
        "Walks but weak or wobbly",
        "Balance and stability",
        "Only when a vet unlocks it",
        "at most 10 % a week, 15 % in 14 days",
        "one thing at a time",
        "a vet or therapist, every time",
        "3, 7, 14, 28, 42, 56, 84 days",
        "Body condition 7 of 9: weight control belongs in the program",
    ):
        assert sentence in before_committing, sentence


def test_review_says_what_a_new_version_changes_and_asks_what_it_does_to_the_program(
    as_user: Browser, patient: Patient, vet: User, definition: ProblemDefinition, now: dt.datetime
) -> None:
    changed = replace(Answers.of(definition), pain_at_rest=4, region="Lumbar", habits=("bunny_hop",))
    draft = save_draft(patient=patient, answers=changed, by=vet, at=now)

    answer = as_user(vet).get(page(draft))

    assertContains(answer, "What changes against version 1")
    assert [(one.label, one.before, one.after) for one in answer.context["changes"]] == [
        ("Region", "", "Lumbar"),
        ("Pain at rest", "2 of 10", "4 of 10"),
        ("Movement habits", "", "Bunny-hops with both back legs"),
    ]
    effect = reverse("programs:definition-effect", args=[draft.pk])
    assertContains(answer, f'<div class="effect" hx-get="{effect}" hx-trigger="load" hx-swap="innerHTML">')
    assertContains(answer, f'<a class="button button-secondary" href="{effect}">')


def test_first_version_changes_nothing_and_has_no_effect_to_ask_for(
    as_user: Browser, draft: ProblemDefinition, vet: User
) -> None:
    answer = as_user(vet).get(page(draft))
    assertNotContains(answer, "What changes")
    assertNotContains(answer, "what it does to the running program")


def test_superseded_version_says_by_which(
    as_user: Browser, patient: Patient, vet: User, definition: ProblemDefinition, now: dt.datetime
) -> None:
    assertNotContains(as_user(vet).get(page(definition)), "Superseded")
    draft = save_draft(patient=patient, answers=replace(COMPLETE, region="Lumbar"), by=vet, at=now)
    assertNotContains(as_user(vet).get(page(definition)), "Superseded")
    second = sign_definition(definition=draft, by=vet, at=now)

    answer = as_user(vet).get(page(definition))

    assertContains(answer, "Superseded by version 2")
    assertContains(answer, f'href="{page(second)}"')
    assertNotContains(answer, "Assign a program")
    # What the newer one changed is told there.
    assertContains(as_user(vet).get(page(second)), "What changes against version 1")


def test_new_version_begins_with_what_still_holds(
    as_user: Browser, patient: Patient, definition: ProblemDefinition, vet: User
) -> None:
    browser = as_user(vet)
    answer = browser.get(draft_url(patient))
    assert answer.context["form"].initial["cause"] == "soft_tissue"
    assert answer.context["form"].initial["pain_at_rest"] is None
    assert ProblemDefinition.objects.count() == 1

    browser.post(draft_url(patient), typed(COMPLETE, seen=state_of(definition)))
    assert list(ProblemDefinition.objects.newest_first().values_list("version", "signed_at")) == [
        (2, None),
        (1, make.NOW),
    ]


def test_review_names_what_is_missing_and_shows_the_most_careful_row(
    as_user: Browser, patient: Patient, vet: User, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=Answers(origin="primary"), by=vet, at=now)
    answer = as_user(vet).get(page(draft))

    assertContains(answer, "10 points stand in the way of signing")
    assertContains(answer, f'href="{draft_url(patient)}#id_neuro_grade"')
    assertContains(answer, "Row D7")
    assertContains(answer, "as a test only, never progressed")
    assertNotContains(answer, "Sign the definition")


def test_review_shows_gates_before_the_vet_commits(
    as_user: Browser, patient: Patient, vet: User, now: dt.datetime
) -> None:
    answers = Answers(origin="primary", mechanism="mixed", neuro_deficit=False, neuro_grade=1)
    answer = as_user(vet).get(page(save_draft(patient=patient, answers=answers, by=vet, at=now)))

    assertContains(answer, "Only when a vet unlocks it")
    assertContains(answer, "pain controlled ≥\N{NO-BREAK SPACE}14 days and phase P3 signed")


def test_review_warns_of_a_late_re_examination(as_user: Browser, draft: ProblemDefinition, vet: User) -> None:
    ProblemDefinition.objects.filter(pk=draft.pk).update(re_exam_due_on=make.TODAY + dt.timedelta(days=15))
    assertContains(as_user(vet).get(page(draft)), "Row D1 asks for a first look after 14 days")


def test_sign_of_an_incomplete_draft_is_422_and_signs_nothing(
    as_user: Browser, patient: Patient, vet: User, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=Answers(origin="primary"), by=vet, at=now)
    answer = as_user(vet).post(sign_url(draft), {"seen": state_of(draft)})

    assertContains(answer, "Choose the neurologic grade.", status_code=422)
    draft.refresh_from_db()
    assert not draft.is_signed


@pytest.mark.parametrize("seen", ["", "1-draft-2020-01-01T00:00:00+00:00", "nonsense\x00"])
def test_sign_of_what_the_vet_did_not_read_is_409(
    as_user: Browser, draft: ProblemDefinition, vet: User, seen: str
) -> None:
    answer = as_user(vet).post(sign_url(draft), {"seen": seen})

    assertContains(answer, "Not signed: this changed after you opened it", status_code=409)
    draft.refresh_from_db()
    assert not draft.is_signed


def test_sign_twice_is_409(as_user: Browser, draft: ProblemDefinition, vet: User, now: dt.datetime) -> None:
    sign_definition(definition=draft, by=vet, at=now)
    assert as_user(vet).post(sign_url(draft), {"seen": state_of(draft)}).status_code == 409


def test_stale_draft_is_409_and_shows_both(
    as_user: Browser, patient: Patient, vet: User, therapist: User, now: dt.datetime, clock: Traveller
) -> None:
    browser = as_user(vet)
    seen = browser.get(draft_url(patient)).context["state"]
    save_draft(patient=patient, answers=Answers(origin="secondary", region="Lumbar"), by=therapist, at=now)

    answer = browser.post(draft_url(patient), typed(Answers(origin="primary", region="Thoracic"), seen=seen))

    assertContains(answer, "Tom Reyes saved this draft while you were writing", status_code=409)
    assert [
        (difference.label, difference.yours, difference.theirs)
        for difference in answer.context["conflict"]["differences"]
    ] == [
        ("Origin", "The back itself is the source", "The back compensates for a limb"),
        ("Region", "Thoracic", "Lumbar"),
    ]
    assert answer.context["form"]["region"].value() == "Thoracic"
    stored = ProblemDefinition.objects.get()
    assert (stored.origin, stored.region) == ("secondary", "Lumbar")

    # Having seen both, the vet may insist.
    clock.shift(60)
    again = browser.post(
        draft_url(patient), typed(Answers(origin="primary", region="Thoracic"), seen=answer.context["state"])
    )
    assert again.status_code == 302
    stored.refresh_from_db()
    assert (stored.origin, stored.region, stored.drafted_by) == ("primary", "Thoracic", vet)


def test_draft_sent_after_the_signature_is_409(
    as_user: Browser, patient: Patient, vet: User, therapist: User, draft: ProblemDefinition, now: dt.datetime
) -> None:
    seen = state_of(draft)
    sign_definition(definition=draft, by=vet, at=now)

    answer = as_user(therapist).post(draft_url(patient), typed(COMPLETE, seen=seen))

    assertContains(answer, "Dr. Vera Lind signed version 1 while you were writing", status_code=409)
    assert ProblemDefinition.objects.count() == 1


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("origin", "sideways", "Please choose one of the answers shown."),
        ("mechanism", "\x00", "Please choose one of the answers shown."),
        ("neuro_grade", "6", "Please choose one of the answers shown."),
        ("neuro_grade", "two", "Please choose one of the answers shown."),
        ("neuro_deficit", "maybe", "Please choose one of the answers shown."),
        ("cause", "x" * 5000, "Please choose one of the answers shown."),
        ("pain_at_rest", "11", "Please choose a number from 0 to 10."),
        ("pain_at_rest", "-1", "Please choose a number from 0 to 10."),
        ("onset_on", "2026-03-19", "The onset cannot lie in the future."),
        ("onset_on", "yesterday", "Please enter a date, such as 2026-03-18."),
        ("onset_on", "2026-02-30", "Please enter a date, such as 2026-03-18."),
        ("onset_on", "99999-01-01", "Please enter a date, such as 2026-03-18."),
        ("re_exam_due_on", "2026-03-18", "The re-examination must lie after today."),
        ("re_exam_due_on", "2036-03-18", "Choose a re-examination within the next year."),
        ("region", "x" * 61, "Ensure this value has at most 60 characters (it has 61)."),
        ("region", "Lum\x00bar", "Null characters are not allowed."),
        ("region", "Lum\N{RIGHT-TO-LEFT OVERRIDE}bar", "There is a hidden character in this text."),
        ("cause_statement", "x" * 501, "Ensure this value has at most 500 characters (it has 501)."),
        ("pain_control_plan", "a\x00b", "Null characters are not allowed."),
        ("limb_source_and_plan", "x" * 2001, "Ensure this value has at most 2000 characters (it has 2001)."),
    ],
)
def test_bad_input_is_422_with_a_sentence_and_loses_nothing(
    as_user: Browser, patient: Patient, vet: User, name: str, value: str, sentence: str
) -> None:
    sent = typed(COMPLETE, **{"cause_statement": "Fell from the sofa", name: value})
    answer = as_user(vet).post(draft_url(patient), sent)

    assertContains(answer, sentence, status_code=422)
    assertContains(answer, f'<a href="#id_{name}', status_code=422)
    kept = answer.context["form"]
    assert kept["activity_order"].value() == "leash_only"
    assert kept[name].value() == value
    assert ProblemDefinition.objects.count() == 0


def test_onset_before_birth_is_422(as_user: Browser, patient: Patient, vet: User) -> None:
    Patient.objects.filter(pk=patient.pk).update(born_on=make.TODAY)
    answer = as_user(vet).post(draft_url(patient), typed(COMPLETE))
    assertContains(answer, "The onset cannot lie before the dog was born.", status_code=422)


@pytest.mark.parametrize(
    ("who", "draft_page", "detail", "signing"),
    [
        ("vet", 200, 200, 302),
        ("colleague", 200, 200, 302),
        ("therapist", 200, 200, 403),
        ("owner", 403, 403, 403),
        ("caregiver", 403, 403, 403),
        ("admin", 404, 404, 404),
        ("stranger", 404, 404, 404),
        ("outside_vet", 404, 404, 404),
    ],
)
def test_who_may_open_and_sign(
    as_user: Browser,
    patient: Patient,
    draft: ProblemDefinition,
    request: pytest.FixtureRequest,
    who: str,
    draft_page: int,
    detail: int,
    signing: int,
) -> None:
    browser = as_user(request.getfixturevalue(who))

    assert browser.get(draft_url(patient)).status_code == draft_page
    assert browser.get(page(draft)).status_code == detail
    seen = {"seen": state_of(draft)}
    assert browser.post(draft_url(patient), typed(COMPLETE, **seen)).status_code == (
        302 if draft_page == 200 else draft_page
    )
    draft.refresh_from_db()
    assert browser.post(sign_url(draft), {"seen": state_of(draft)}).status_code == signing
    draft.refresh_from_db()
    assert draft.is_signed == (signing == 302)


def test_a_foreign_id_is_404_like_one_that_does_not_exist(as_user: Browser, vet: User, stranger: User) -> None:
    theirs = Patient.objects.get(name="CANARY dog")
    browser = as_user(vet)
    missing = browser.get(reverse("patients:definition-draft", args=["01a201c3-fc6f-7120-b2a3-42a5b7c613ce"]))
    foreign = browser.get(draft_url(theirs))
    assert (foreign.status_code, missing.status_code) == (404, 404)
    assert b"CANARY" not in foreign.content


def test_visitor_is_sent_to_sign_in(client: Client, patient: Patient, draft: ProblemDefinition) -> None:
    for url in (draft_url(patient), page(draft)):
        assert client.get(url).headers["Location"].startswith("/accounts/")
    assert client.post(sign_url(draft)).status_code == 302
    draft.refresh_from_db()
    assert not draft.is_signed


def test_get_never_writes_and_never_signs(
    as_user: Browser, patient: Patient, draft: ProblemDefinition, vet: User
) -> None:
    browser = as_user(vet)
    assert browser.get(sign_url(draft)).status_code == 405
    with CaptureQueriesContext(connection) as captured:
        browser.get(draft_url(patient))
        browser.get(page(draft))
    statements = [query["sql"].split()[0] for query in captured.captured_queries]
    assert set(statements) == {"SELECT"}


@pytest.mark.parametrize("versions", [1, 3])
def test_query_counts(
    as_user: Browser,
    patient: Patient,
    vet: User,
    therapist: User,
    now: dt.datetime,
    versions: int,
    django_assert_num_queries: Queries,
) -> None:
    for _number in range(versions):
        draft = save_draft(patient=patient, answers=COMPLETE, by=vet, at=now)
        sign_definition(definition=draft, by=vet, at=now)
    draft = save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now)
    browser = as_user(vet)

    # Session, person, dog, definition.
    with django_assert_num_queries(4):
        browser.get(draft_url(patient))
    # Session, person, definition with its dog, versions.
    with django_assert_num_queries(4):
        browser.get(page(draft))


def test_review_says_what_still_stops_growth_and_what_is_worth_a_look(
    as_user: Browser, patient: Patient, vet: User, therapist: User, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=COMPLETE, by=therapist, at=now)
    signing = as_user(vet).get(page(draft))
    assertContains(signing, "You can sign, but nothing can grow until:")
    assertContains(signing, f'<a href="{draft_url(patient)}#id_baseline">Record a baseline measure')
    assertContains(signing, "Please look")
    assertContains(signing, f'<a href="{draft_url(patient)}#id_leaf">No diagnosis is chosen.')
    assertContains(signing, "Sign the definition")
    drafting = as_user(therapist).get(page(draft))
    assertContains(drafting, "A vet can sign, but nothing can grow until:")
    assertContains(drafting, "Next, a vet of the clinic opens Bruno’s page, reads it through and signs it")


def test_review_of_a_whole_or_signed_definition_warns_of_nothing(
    as_user: Browser, patient: Patient, vet: User, definition: ProblemDefinition, now: dt.datetime
) -> None:
    draft = save_draft(patient=patient, answers=WHOLE, by=vet, at=now)
    for shown in (draft, definition):
        answer = as_user(vet).get(page(shown))
        assertNotContains(answer, "nothing can grow until")
        assertNotContains(answer, "Please look")


def test_therapist_is_told_that_a_vet_signs(
    as_user: Browser, patient: Patient, vet: User, therapist: User, draft: ProblemDefinition
) -> None:
    assertContains(as_user(therapist).get(draft_url(patient)), "Nothing is open. A vet can sign it now.")
    assertContains(as_user(vet).get(draft_url(patient)), "Nothing is open. Read it through, and sign.")
