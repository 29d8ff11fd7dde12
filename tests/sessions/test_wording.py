"""Every refusal has a sentence, and the words around numbers are right."""

import datetime as dt

import pytest

from rehab.sessions.commands import Refusal, Why
from rehab.sessions.wording import SENTENCES, left_line, number, sentence

PARAMS = {"field": "slot", "most": 12, "least": 1, "days": 90, "day": dt.date(2026, 3, 18)}


@pytest.mark.parametrize("why", Why)
def test_every_reason_has_a_sentence(why: Why) -> None:
    text = sentence(Refusal(why=why, params=PARAMS))
    assert "%" not in text.replace("percent", "")
    assert text[:1].isupper() or text[:1].isdigit()
    assert text.endswith(".")


def test_no_sentence_is_left_over() -> None:
    assert set(SENTENCES) == set(Why)


@pytest.mark.parametrize(
    ("left", "minutes", "line"),
    [
        (1, 1, "One left, about one minute."),
        (2, 6, "Two left, about six minutes."),
        (13, 40, "13 left, about 40 minutes."),
        (3, 0, "Three left."),
    ],
)
def test_left_line(left: int, minutes: int, line: str) -> None:
    assert left_line(left=left, minutes=minutes) == line


def test_number_is_a_word_up_to_twelve() -> None:
    assert [number(12), number(13), number(-1)] == ["twelve", "13", "-1"]
