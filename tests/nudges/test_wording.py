"""Words: the person's language, a clinic's own text where it can be filled, and nothing that a text could break."""

import dataclasses
import datetime as dt
import logging
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Clinic, User
from rehab.lib.ids import new_id
from rehab.nudges import wording
from rehab.nudges.examples import example, placeholders_of
from rehab.nudges.kinds import KINDS
from rehab.nudges.kinds.call_clinic import Call
from rehab.nudges.kinds.left import UnfinishedDog
from rehab.nudges.models import Nudge, NudgeText
from rehab.nudges.placeholders import (
    KNOWN,
    BadTextError,
    LoneBraceError,
    UnknownPlaceholderError,
    filled,
    placeholders,
)
from rehab.patients.models import Patient
from tests import make
from tests.nudges.families import statements
from tests.nudges.rows import make_nudge

VALUES = {"dog": "Bruno", "left": "2", "minutes": "6", "clinic": "Lindenhof", "name": "Olga"}
LEFT = [UnfinishedDog(patient_id=new_id(), name="Bruno", left=2, minutes=6)]
CLINIC = Clinic(name="Lindenhof Veterinary Clinic", phone="+1 555 0100")


def own(clinic: Clinic, vet: User, text: str, *, title: str = "", **fields: str) -> NudgeText:
    return NudgeText.objects.create(
        clinic=clinic,
        title=title,
        text=text,
        changed_by=vet,
        changed_at=make.NOW,
        **{"kind": "unfinished_day", "language": "en", **fields},
    )


# --- Placeholders ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "names", "said"),
    [
        ("", (), ""),
        ("No braces at all, 100 %, $dog, %(dog)s", (), "No braces at all, 100 %, $dog, %(dog)s"),
        ("{dog}: {left} left", ("dog", "left"), "Bruno: 2 left"),
        ("{dog}{dog}", ("dog", "dog"), "BrunoBruno"),
        (
            "Hello {name}, {clinic}: {minutes} minutes",
            ("name", "clinic", "minutes"),
            "Hello Olga, Lindenhof: 6 minutes",
        ),
    ],
)
def test_known_placeholders_are_filled(text: str, names: tuple[str, ...], said: str) -> None:
    assert placeholders(text) == names
    assert filled(text, VALUES) == said


@pytest.mark.parametrize(
    ("text", "error", "name"),
    [
        ("{hund}", UnknownPlaceholderError, "hund"),
        ("{Dog}", UnknownPlaceholderError, "Dog"),
        ("{}", UnknownPlaceholderError, ""),
        ("{0}", UnknownPlaceholderError, "0"),
        ("{ dog }", UnknownPlaceholderError, " dog "),
        ("{dog.name}", UnknownPlaceholderError, "dog.name"),
        ("{dog.__class__.__mro__}", UnknownPlaceholderError, "dog.__class__.__mro__"),
        ("{dog[0]}", UnknownPlaceholderError, "dog[0]"),
        ("{dog!r}", UnknownPlaceholderError, "dog!r"),
        ("{dog:>1000000000}", UnknownPlaceholderError, "dog:>1000000000"),
        ("{dog}{% load x %}", UnknownPlaceholderError, "% load x %"),
        ("{{ dog }}", LoneBraceError, None),
        ("{{dog}}", LoneBraceError, None),
        ("{dog:{left}}", LoneBraceError, None),
        ("{dog", LoneBraceError, None),
        ("dog}", LoneBraceError, None),
        ("}{", LoneBraceError, None),
        ("{dog}}", LoneBraceError, None),
        ("a { b", LoneBraceError, None),
        ("{dog} and {", LoneBraceError, None),
    ],
)
def test_anything_else_in_braces_is_refused(text: str, error: type[BadTextError], name: str | None) -> None:
    with pytest.raises(error) as caught:
        placeholders(text)
    if isinstance(caught.value, UnknownPlaceholderError):
        assert caught.value.name == name
    assert filled(text, VALUES) is None


@given(st.text(alphabet=st.one_of(st.sampled_from("{}!:.[]%dogleft"), st.characters())))
def test_no_text_ever_raises_and_braces_never_survive(text: str) -> None:
    said = filled(text, VALUES)
    assert said is None or not set("{}") & set(said)
    if "{" not in text and "}" not in text:
        assert said == text


@given(
    st.lists(st.one_of(st.sampled_from([f"{{{name}}}" for name in KNOWN]), st.text(string.ascii_letters + " \n"))),
    st.dictionaries(st.sampled_from(KNOWN), st.text()),
)
def test_values_go_in_as_they_are_or_not_at_all(parts: list[str], values: dict[str, str]) -> None:
    """Also where a dog is called {clinic}: one pass, so a value is never read as a placeholder."""
    said = filled("".join(parts), values)
    asked = [part[1:-1] for part in parts if part.startswith("{")]
    if not all(values.get(name) for name in asked):
        assert said is None
    else:
        assert said == "".join(values[part[1:-1]] if part.startswith("{") else part for part in parts)


# --- Words ----------------------------------------------------------------------------------------------------------


def test_words_are_in_the_language_of_the_person(owner: User, patient: Patient) -> None:
    nudge = make_nudge(owner, patient, make.NOW)
    english = wording.words(nudge, LEFT, texts={})
    owner.language = "es"
    assert wording.words(nudge, LEFT, texts={}) != english
    assert english.button == "Open today’s list"


def test_own_text_is_said_with_its_values(owner: User, patient: Patient, clinic: Clinic, vet: User) -> None:
    own(
        clinic,
        vet,
        "Hello {name}!\r\n\r\n{dog}: {left} left, {minutes} minutes.\n{clinic}",
        title="A round with {dog}?",
    )
    nudge = make_nudge(owner, patient, make.NOW)
    usual = wording.words(nudge, LEFT, texts={})
    words = wording.words(nudge, LEFT, texts=wording.texts_for([nudge]))
    assert (words.title, words.notice) == ("A round with Bruno?", "Hello Olga!")
    assert words.lines == ("Hello Olga!", "Bruno: 2 left, 6 minutes.", "Lindenhof Veterinary Clinic")
    assert (words.button, words.path, words.encouragement) == (usual.button, usual.path, usual.encouragement)


def test_empty_title_keeps_the_usual_one(owner: User, patient: Patient, clinic: Clinic, vet: User) -> None:
    own(clinic, vet, "Time for {dog}.")
    nudge = make_nudge(owner, patient, make.NOW)
    words = wording.words(nudge, LEFT, texts=wording.texts_for([nudge]))
    assert (words.title, words.lines) == ("Bruno: Two left, about six minutes", ("Time for Bruno.",))


@pytest.mark.parametrize("text", ["{dog", "{colour}", "{dog!r}", "{minutes} minutes", "{name}, hello"])
def test_stored_text_that_cannot_be_filled_gives_way_and_is_logged_by_id(
    patient: Patient, clinic: Clinic, vet: User, caplog: pytest.LogCaptureFixture, text: str
) -> None:
    """A bad row from elsewhere, minutes that the doses do not tell, a person without a name."""
    nameless = make.make_user("someone@example.test")
    nudge = make_nudge(nameless, patient, make.NOW)
    row = own(clinic, vet, text)
    facts = [dataclasses.replace(LEFT[0], minutes=0)]
    with caplog.at_level(logging.WARNING):
        words = wording.words(nudge, facts, texts=wording.texts_for([nudge]))
    assert words == wording.words(nudge, facts, texts={})
    assert [record.getMessage() for record in caplog.records] == [
        f"text {row.pk} of a clinic could not be filled for nudge {nudge.pk}"
    ]


@given(title=st.text(max_size=80), text=st.text(max_size=400))
def test_no_stored_text_ever_raises_or_empties_a_message(title: str, text: str) -> None:
    nudge, said = example(Nudge.Kind.UNFINISHED_DAY, clinic=CLINIC, language="en", on=make.TODAY)
    words = wording.in_own_words(nudge, said, title=title, text=text) or said
    assert words.title
    assert words.lines
    assert all(line.strip() for line in words.lines)


def test_text_of_another_clinic_kind_or_language_is_not_said(
    owner: User, patient: Patient, clinic: Clinic, other_clinic: Clinic, vet: User
) -> None:
    own(other_clinic, vet, "CANARY")
    own(clinic, vet, "CANARY", kind="silence")
    own(clinic, vet, "CANARY", language="es")
    nudge = make_nudge(owner, patient, make.NOW)
    assert wording.words(nudge, LEFT, texts=wording.texts_for([nudge])) == wording.words(nudge, LEFT, texts={})


def test_words_about_safety_are_the_same_in_every_clinic(
    owner: User, patient: Patient, clinic: Clinic, vet: User
) -> None:
    own(clinic, vet, "All is well.", kind="call_clinic")
    nudge, said = example(Nudge.Kind.CALL_CLINIC, clinic=clinic, language="en", on=make.TODAY)
    texts = wording.texts_for([nudge])
    assert len(texts) == 1
    facts = Call(is_emergency=False, is_closed=False)
    assert wording.words(nudge, facts, texts=texts) == said


@pytest.mark.parametrize("kind", sorted(wording.KEEPS_LINES))
def test_what_only_the_message_knows_stays_below_the_own_text(kind: Nudge.Kind) -> None:
    nudge, said = example(kind, clinic=CLINIC, language="en", on=make.TODAY)
    words = wording.in_own_words(nudge, said, title="", text="From all of us.")
    assert words is not None
    assert words.lines == ("From all of us.", *said.lines)
    assert words.notice == "From all of us."


def test_texts_of_a_batch_come_in_one_statement(
    owner: User, patient: Patient, clinic: Clinic, other_clinic: Clinic, stranger: User, vet: User, outside_vet: User
) -> None:
    row = own(clinic, vet, "Ours")
    other = own(other_clinic, outside_vet, "Theirs")
    theirs = Patient.objects.get(clinic=other_clinic)
    nudges = [make_nudge(owner, patient, make.NOW + dt.timedelta(days=n)) for n in range(3)] + [
        make_nudge(stranger, theirs, make.NOW)
    ]
    assert wording.texts_for(nudges) == {
        (clinic.pk, "unfinished_day", "en"): row,
        (other_clinic.pk, "unfinished_day", "en"): other,
    }
    assert statements(lambda: wording.texts_for(nudges)) == statements(lambda: wording.texts_for(nudges[:1])) == 1
    assert statements(lambda: wording.texts_for([])) == 0


# --- Examples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", User.Language.values)
@pytest.mark.parametrize("kind", [kind.code for kind in KINDS])
def test_every_kind_has_an_example(kind: Nudge.Kind, language: str) -> None:
    _nudge, words = example(kind, clinic=CLINIC, language=language, on=dt.date(2026, 3, 18))
    assert words.title
    assert words.lines
    assert words.button
    assert words.path.startswith("/")


def test_placeholders_are_those_that_the_kind_fills() -> None:
    assert placeholders_of(Nudge.Kind.UNFINISHED_DAY, clinic=CLINIC) == KNOWN
    assert placeholders_of(Nudge.Kind.PLAN_CHANGED, clinic=CLINIC) == ("dog", "clinic", "name")
