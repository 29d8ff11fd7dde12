"""A clinic's own words: for the people who work there, checked, previewed, undone, and said back."""

import datetime as dt
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent, Clinic, User
from rehab.nudges.actions.texts import (
    FixedWordsError,
    OwnWords,
    WordsChangedError,
    reset_text,
    set_text,
    version_of,
)
from rehab.nudges.models import ClinicNudges, Nudge, NudgeText
from rehab.nudges.placeholders import LoneBraceError, UnknownPlaceholderError
from rehab.nudges.texts_wording import WHEN
from rehab.nudges.wording import FIXED
from tests import make
from tests.nudges.families import statements

AsUser = Callable[[User], Client]
Kind = Nudge.Kind
OURS = OwnWords(title="A round with {dog}?", text="{left} left, {minutes} minutes.\nAll of us at {clinic}")
TYPED = {"title": OURS.title, "text": OURS.text, "seen": ""}


def list_url(clinic: Clinic) -> str:
    return reverse("nudges:texts", args=[clinic.pk])


def url(clinic: Clinic, kind: str = "unfinished_day", language: str = "en", *, name: str = "text") -> str:
    return reverse(f"nudges:{name}", args=[clinic.pk, kind, language])


def text_of(client: Client, where: str) -> str:
    return " ".join(client.get(where).content.decode().split())


def stored() -> list[tuple[str, str, str, str]]:
    return list(NudgeText.objects.order_by("kind", "language").values_list("kind", "language", "title", "text"))


def write(
    clinic: Clinic, by: User, words: OwnWords = OURS, *, seen: str = "", at: dt.datetime = make.NOW
) -> NudgeText | None:
    return set_text(clinic=clinic, kind=Kind.UNFINISHED_DAY, language="en", words=words, seen=seen, by=by, at=at)


# --- Who ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["vet", "therapist", "admin"])
def test_everybody_who_works_there_may_write(
    clinic: Clinic, as_user: AsUser, role: str, request: pytest.FixtureRequest
) -> None:
    client = as_user(request.getfixturevalue(role))
    assert client.get(list_url(clinic)).status_code == 200
    assert client.post(url(clinic), TYPED).status_code == 302
    assert stored() == [("unfinished_day", "en", OURS.title, OURS.text)]


@pytest.mark.parametrize("who", ["outside_vet", "stranger", "owner"])
def test_a_clinic_of_others_does_not_exist(
    clinic: Clinic, vet: User, as_user: AsUser, who: str, request: pytest.FixtureRequest
) -> None:
    write(clinic, vet)
    client = as_user(request.getfixturevalue(who))
    words = {"title": "", "text": "CANARY"}
    version = version_of(NudgeText.objects.get())
    assert client.get(list_url(clinic)).status_code == 404
    assert client.post(list_url(clinic), {"measures": "off"}).status_code == 404
    assert client.get(url(clinic)).status_code == 404
    for do in ("save", "preview", "reset", "undo"):
        assert client.post(url(clinic), {**words, "seen": version, "do": do}).status_code == 404
    assert client.post(url(clinic, name="text-preview"), words).status_code == 404
    assert stored() == [("unfinished_day", "en", OURS.title, OURS.text)]
    assert ClinicNudges.objects.count() == 0


def test_who_has_left_the_clinic_may_not_write(clinic: Clinic, therapist: User, as_user: AsUser) -> None:
    therapist.memberships.update(ended_at=make.NOW)
    assert as_user(therapist).post(url(clinic), TYPED).status_code == 404
    assert stored() == []


def test_pages_are_for_people_who_signed_in(client: Client, clinic: Clinic) -> None:
    for where in (list_url(clinic), url(clinic)):
        answer = client.get(where)
        assert (answer.status_code, answer["Location"].partition("?")[0]) == (302, reverse("account_login"))


def test_words_of_one_clinic_are_not_shown_in_another(
    clinic: Clinic, other_clinic: Clinic, vet: User, outside_vet: User, as_user: AsUser
) -> None:
    write(other_clinic, outside_vet, OwnWords(title="", text="CANARY words"))
    client = as_user(vet)
    for where in (list_url(clinic), url(clinic)):
        assert "CANARY" not in client.get(where).content.decode()


# --- The list -------------------------------------------------------------------------------------------------------


def test_list_shows_every_kind_as_it_is_said_now(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    write(clinic, vet)
    page = as_user(vet).get(list_url(clinic))
    rows = {row["kind"]: row for row in page.context["rows"] + page.context["fixed"]}
    assert list(rows) == list(WHEN)
    assert set(rows) == set(Kind)
    assert {kind for kind, row in rows.items() if row["is_own"]} == {Kind.UNFINISHED_DAY}
    html = " ".join(page.content.decode().split())
    assert "A round with Bruno?" in html
    assert "2 left, 6 minutes.</p><p>All of us at Lindenhof Veterinary Clinic" in html
    assert "A phone’s lock screen is read by others, too." in html
    for kind in Kind:
        assert (reverse("nudges:text", args=[clinic.pk, kind, "en"]) in html) is (kind not in FIXED)


def test_list_is_in_the_language_that_is_asked_for(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    write(clinic, vet)
    client = as_user(vet)
    spanish = text_of(client, f"{list_url(clinic)}?language=es")
    assert "A round with Bruno?" not in spanish
    assert url(clinic, language="es") in spanish
    assert client.get(f"{list_url(clinic)}?language=xx").status_code == 404


def test_list_takes_as_many_statements_with_many_texts_as_with_none(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    client.get(list_url(clinic))
    first = statements(lambda: client.get(list_url(clinic)))
    for kind in Kind:
        NudgeText.objects.create(
            clinic=clinic, kind=kind, language="en", text="Ours", changed_by=vet, changed_at=make.NOW
        )
    assert statements(lambda: client.get(list_url(clinic))) == first


def test_pages_that_know_the_clinic_lead_there(clinic: Clinic, vet: User, admin: User, as_user: AsUser) -> None:
    for user, where in (
        (vet, reverse("guidance:alert-settings", args=[clinic.pk])),
        (admin, reverse("guidance:alert-settings", args=[clinic.pk])),
        (admin, reverse("accounts:people")),
    ):
        assert f'href="{list_url(clinic)}"' in as_user(user).get(where).content.decode()


# --- Writing --------------------------------------------------------------------------------------------------------


def test_words_are_stored_said_back_and_recorded(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    answer = client.post(url(clinic), {**TYPED, "text": OURS.text.replace("\n", "\r\n")})
    assert (answer.status_code, answer["Location"]) == (302, url(clinic))
    row = NudgeText.objects.get()
    assert (row.clinic, row.changed_by, row.text) == (clinic, vet, OURS.text)
    page = text_of(client, url(clinic))
    assert "Saved. Messages say it from now on." in page
    assert 'value="A round with {dog}?"' in page
    assert "2 left, 6 minutes." in page
    event = AuditEvent.objects.get(kind="nudges.text_set")
    assert (event.actor, event.clinic_id, event.subject_id) == (vet, clinic.pk, row.pk)
    assert event.details == {"of": "unfinished_day", "language": "en", "title": OURS.title, "text": OURS.text}


def test_same_words_again_change_nothing(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    row = write(clinic, vet)
    client = as_user(vet)
    client.post(url(clinic), {**TYPED, "seen": version_of(row)})
    assert "Nothing was changed." in text_of(client, url(clinic))
    assert AuditEvent.objects.filter(kind="nudges.text_set").count() == 1


def test_looking_writes_nothing(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    page = text_of(client, url(clinic))
    assert "To an example family, in the usual words" in page
    assert "Bruno: Two left, about six minutes" in page
    client.get(list_url(clinic))
    assert (stored(), ClinicNudges.objects.count(), AuditEvent.objects.count()) == ([], 0, 0)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("text", "", "This field is required."),
        ("text", "  \n ", "This field is required."),
        (
            "text",
            "Call {hund}",
            "“{hund}” cannot be filled in here. What can: {dog}, {left}, {minutes}, {clinic} and {name}.",
        ),
        ("text", "{dog.owner.email}", "“{dog.owner.email}” cannot be filled in here."),
        ("text", "{dog!r:>9}", "“{dog!r:&gt;9}” cannot be filled in here."),
        ("text", "{{dog}}", "A brace stands alone."),
        ("title", "{dog", "A brace stands alone."),
        ("title", "{colour} {dog}", "“{colour}” cannot be filled in here."),
        ("title", "x" * 81, "Ensure this value has at most 80 characters"),
        ("text", "x" * 401, "Ensure this value has at most 400 characters"),
        ("text", "Bruno\x07", "There is a hidden character in it."),
        ("title", "Bruno\u202e", "There is a hidden character in it."),
        ("text", "{" + "x" * 300 + "}", "“{" + "x" * 40 + "}” cannot be filled in here."),
    ],
)
@pytest.mark.parametrize("do", ["save", "preview"])
def test_bad_words_are_refused_with_a_sentence(
    clinic: Clinic, vet: User, as_user: AsUser, do: str, field: str, value: str, said: str
) -> None:
    answer = as_user(vet).post(url(clinic), {**TYPED, field: value, "do": do})
    assert answer.status_code == 422
    assert said in " ".join(answer.content.decode().split())
    assert stored() == []


def test_what_this_kind_cannot_fill_is_refused_here_and_accepted_there(
    clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    client = as_user(vet)
    answer = client.post(url(clinic, "plan_changed"), TYPED)
    assert answer.status_code == 422
    assert "“{left}” cannot be filled in here. What can: {dog}, {clinic} and {name}." in answer.content.decode()
    assert client.post(url(clinic), TYPED).status_code == 302


def test_lines_count_as_one_character_each(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    """A browser that lets somebody type 400 characters sends each end of a line as two."""
    text = "x\r\n" * 199 + "xx"
    assert as_user(vet).post(url(clinic), {**TYPED, "text": text}).status_code == 302


def test_markup_is_text(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    client.post(url(clinic), {**TYPED, "title": "<b>{dog}</b>", "text": "<script>alert(1)</script> {{ x"})
    client.post(url(clinic), {**TYPED, "title": "<b>{dog}</b>", "text": "<script>alert(1)</script>"})
    for where in (list_url(clinic), url(clinic)):
        html = client.get(where).content.decode()
        assert "&lt;b&gt;Bruno&lt;/b&gt;" in html
        assert "<script>alert" not in html


@pytest.mark.parametrize(
    ("kind", "language"),
    [
        ("call_clinic", "en"),
        ("clinic_week", "en"),
        ("nothing", "en"),
        ("unfinished_day", "xx"),
        ("unfinished_day", "EN"),
    ],
)
def test_what_cannot_be_reworded_has_no_page(
    clinic: Clinic, vet: User, as_user: AsUser, kind: str, language: str
) -> None:
    client = as_user(vet)
    assert client.get(url(clinic, kind, language)).status_code == 404
    assert client.post(url(clinic, kind, language), TYPED).status_code == 404
    assert client.post(url(clinic, kind, language, name="text-preview"), TYPED).status_code == 404
    assert stored() == []


def test_actions_refuse_by_themselves(clinic: Clinic, vet: User) -> None:
    with pytest.raises(FixedWordsError):
        set_text(clinic=clinic, kind=Kind.CALL_CLINIC, language="en", words=OURS, seen="", by=vet, at=make.NOW)
    with pytest.raises(UnknownPlaceholderError):
        set_text(clinic=clinic, kind=Kind.PLAN_CHANGED, language="en", words=OURS, seen="", by=vet, at=make.NOW)
    with pytest.raises(LoneBraceError):
        write(clinic, vet, OwnWords(title="", text="{"))
    assert (stored(), AuditEvent.objects.count()) == ([], 0)


def test_words_that_somebody_else_has_changed_meanwhile_are_not_overwritten(
    clinic: Clinic, vet: User, colleague: User, as_user: AsUser
) -> None:
    theirs = OwnWords(title="Theirs", text="Their words")
    write(clinic, colleague, theirs)
    client = as_user(vet)
    answer = client.post(url(clinic), TYPED)
    assert answer.status_code == 409
    html = " ".join(answer.content.decode().split())
    assert "Somebody else changed these words while you were typing" in html
    assert "Their words" in html
    assert "A round with {dog}?" in html
    assert stored() == [("unfinished_day", "en", "Theirs", "Their words")]
    assert client.post(url(clinic), {**TYPED, "seen": answer.context["seen"]}).status_code == 302
    assert stored() == [("unfinished_day", "en", OURS.title, OURS.text)]
    with pytest.raises(WordsChangedError):
        write(clinic, colleague, theirs, seen="")


# --- Preview --------------------------------------------------------------------------------------------------------


def test_preview_without_a_script_shows_the_words_and_stores_nothing(
    clinic: Clinic, vet: User, as_user: AsUser
) -> None:
    answer = as_user(vet).post(url(clinic), {**TYPED, "do": "preview"})
    html = " ".join(answer.content.decode().split())
    assert answer.status_code == 200
    assert "Not saved yet." in html
    assert "To an example family, in your words" in html
    assert "A round with Bruno?" in html
    assert 'value="A round with {dog}?"' in html
    assert stored() == []


def test_live_preview_is_the_same_part_of_the_page(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    answer = client.post(url(clinic, name="text-preview"), TYPED)
    html = answer.content.decode()
    assert answer.status_code == 200
    assert html.strip().startswith('<section class="card stack words-preview" id="preview"')
    assert "A round with Bruno?" in html
    page = client.get(url(clinic)).content.decode()
    assert f'hx-post="{url(clinic, name="text-preview")}"' in page
    assert 'hx-target="#preview"' in page
    assert 'id="preview"' in page
    assert client.get(url(clinic, name="text-preview")).status_code == 405
    assert stored() == []


def test_live_preview_says_what_is_wrong(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    answer = as_user(vet).post(url(clinic, name="text-preview"), {**TYPED, "text": "{hund}"})
    assert answer.status_code == 422
    html = answer.content.decode()
    assert "“{hund}” cannot be filled in here." in html
    assert "The usual words, until yours can be said" in html


def test_preview_is_in_the_language_of_the_message(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    html = text_of(as_user(vet), url(clinic, language="es"))
    assert '<html lang="en"' in html
    assert '<div class="words-phone" lang="es">' in html


# --- Back to the usual words ----------------------------------------------------------------------------------------


def test_going_back_can_be_undone_at_once(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    write(clinic, vet)
    client = as_user(vet)
    assert "Say the usual words" in text_of(client, url(clinic))
    client.post(url(clinic), {"do": "reset"})
    assert stored() == []
    page = text_of(client, url(clinic))
    assert "The usual words are said again." in page
    assert 'value="undo"' in page
    assert "Say the usual words" not in page
    client.post(url(clinic), {"do": "undo"})
    assert stored() == [("unfinished_day", "en", OURS.title, OURS.text)]
    assert 'value="undo"' not in text_of(client, url(clinic))
    events = (
        AuditEvent.objects.filter(kind__startswith="nudges.text").order_by("pk").values_list("kind", "details__title")
    )
    assert list(events) == [
        ("nudges.text_set", OURS.title),
        ("nudges.text_reset", OURS.title),
        ("nudges.text_set", OURS.title),
    ]


def test_undo_is_offered_for_these_words_alone_and_to_who_went_back(
    clinic: Clinic, vet: User, colleague: User, as_user: AsUser
) -> None:
    write(clinic, vet)
    client = as_user(vet)
    client.post(url(clinic), {"do": "reset"})
    for other in (url(clinic, "silence"), url(clinic, language="es")):
        assert 'value="undo"' not in text_of(client, other)
        client.post(other, {"do": "undo"})
        assert "There is nothing to take back any more." in text_of(client, other)
    as_user(colleague).post(url(clinic), {"do": "undo"})
    assert stored() == []


def test_undo_overwrites_nobody(clinic: Clinic, vet: User, colleague: User, as_user: AsUser) -> None:
    write(clinic, vet)
    client = as_user(vet)
    client.post(url(clinic), {"do": "reset"})
    write(clinic, colleague, OwnWords(title="", text="Their words"))
    assert 'value="undo"' not in text_of(client, url(clinic))
    assert client.post(url(clinic), {"do": "undo"}).status_code == 409
    assert stored() == [("unfinished_day", "en", "", "Their words")]


def test_going_back_twice_is_harmless(clinic: Clinic, vet: User) -> None:
    write(clinic, vet)
    went = [reset_text(clinic=clinic, kind=Kind.UNFINISHED_DAY, language="en", by=vet, at=make.NOW) for _ in range(2)]
    assert went == [OURS, None]
    assert AuditEvent.objects.filter(kind="nudges.text_reset").count() == 1


# --- Measuring ------------------------------------------------------------------------------------------------------


def test_measuring_is_switched_here_and_safety_is_never_withheld(clinic: Clinic, vet: User, as_user: AsUser) -> None:
    client = as_user(vet)
    page = text_of(client, list_url(clinic))
    assert "Withhold one reminder in five to measure whether they help" in page
    assert "What is about safety, news and answers are never withheld." in page
    assert 'value="off"' in page
    client.post(list_url(clinic), {"measures": "off"})
    assert list(ClinicNudges.objects.values_list("clinic", "measures")) == [(clinic.pk, False)]
    assert 'value="on"' in text_of(client, list_url(clinic))
    client.post(list_url(clinic), {"measures": "off"})
    client.post(list_url(clinic), {"measures": "on"})
    assert ClinicNudges.objects.get().measures is True
    assert AuditEvent.objects.filter(kind="nudges.measures_set").count() == 2
    assert client.post(list_url(clinic), {"measures": "perhaps"}).status_code == 400
    assert client.post(list_url(clinic)).status_code == 400
