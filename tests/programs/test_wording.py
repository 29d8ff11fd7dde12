from typing import Any

import pytest

from rehab.programs.dose import Dose, Outside
from rehab.programs.wording import change_text, dose_text, outside_text


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ({"minutes": 5, "per_day": 3}, "5 minutes, 3 times a day"),
        ({"minutes": 1}, "1 minute, once a day"),
        (
            {"sets": 3, "hold_s": 10, "per_day": 2, "days_per_week": 5},
            "3 sets of 10 seconds, twice a day, 5 days a week",
        ),
        ({"reps": 5, "hold_s": 2, "per_day": 2}, "5 times, 2 seconds each, twice a day"),
        ({"reps": 1}, "1 time, once a day"),
        ({"reps": 3, "per_day": 3}, "3 at a time, 3 times a day"),
        ({"sets": 2, "reps": 5, "days_per_week": 1}, "2 sets of 5, once a day, 1 day a week"),
        ({"sets": 3, "reps": 4, "hold_s": 5}, "3 sets of 4, 5 seconds each, once a day"),
        ({"minutes": 2, "reps": 10}, "2 minutes with 10 repetitions, once a day"),
        ({"interval_h": 4, "per_day": 6}, "every 4 hours (6 times a day)"),
        ({"one_off": True}, "once, then keep it so"),
        ({"per_prescription": True}, "each dose as prescribed"),
        ({"duration_days": 28, "toilet_trips_per_day": 4}, "28 days; 4 toilet trips a day"),
        ({"duration_days": 1}, "1 day"),
        ({"per_week": 1, "days_per_week": 1}, "once a week"),
        ({"minutes": 5, "sets": 2, "per_week": 2}, "2 sets of 5 minutes, twice a week"),
        ({"per_day": 4}, "4 times a day"),
        ({"reps": 4, "height_cm": 5, "days_per_week": 4}, "4 times, 5 cm high, once a day, 4 days a week"),
    ],
)
def test_dose_in_plain_words(stored: dict[str, Any], text: str) -> None:
    assert dose_text(Dose.from_json(stored)) == text


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        (Dose(minutes=5), Dose(minutes=6), "5 → 6 minutes"),
        (Dose(reps=10), Dose(sets=2, reps=3), "1 → 2 sets, 10 → 3 repetitions"),
        (Dose(hold_seconds=10), Dose(hold_seconds=12), "10 → 12 seconds"),
        (Dose(per_day=2), Dose(per_day=3), "twice a day → 3 times a day"),
        (Dose(days_per_week=7), Dose(days_per_week=5), "7 → 5 days a week"),
        (Dose(reps=5), Dose(reps=5, height_cm=5), "– → 5 cm high"),
        (Dose(one_off=True), Dose(minutes=5), "once, then keep it so → 5 minutes, once a day"),
        (Dose(minutes=5), Dose(minutes=5), ""),
    ],
)
def test_change_of_a_dose_in_plain_words(old: Dose, new: Dose, text: str) -> None:
    assert change_text(old, new) == text


def test_number_outside_the_range_in_plain_words() -> None:
    outside = Outside(variable="minutes", value=40, low=2, high=30)
    assert outside_text(outside) == "minutes: 40 is outside 2 to 30"
