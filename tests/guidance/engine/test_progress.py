"""P1: each condition on both sides of its limit, by its name; the numbers are those of 06_progression.yaml."""

import pytest

from rehab.guidance.engine import weigh
from rehab.guidance.engine.values import Approver, Decision, Dog, Profile
from rehab.programs.dose import Dose
from rehab.programs.limits import Stretch
from tests.guidance.engine.builders import (
    Change,
    both,
    day,
    dog_with,
    done,
    item_with,
    make_dog,
    make_item,
    make_round,
    make_session,
    moment,
    not_done,
    told,
    unchanged,
    weighed,
)

BOTH = ("msk", "neuro")
NERVES = ("neuro", "mixed")
STOPPED = frozenset({"S_LIMP"})


def flawed(ago: int) -> Change:
    return told(ago, after=3)


Case = tuple[str, tuple[str, ...], Change, tuple[str, ...]]
CASES: list[Case] = [
    ("all good", (*BOTH, "mixed"), unchanged, ()),
    ("never", ("undetermined",), unchanged, ("undetermined",)),
    # 3 clean ones, with nerve pain 5, the newest.
    ("clean run", ("msk",), flawed(4), ()),
    ("clean run", ("msk",), flawed(3), ("clean_sessions",)),
    ("clean run", NERVES, flawed(6), ()),
    ("clean run", NERVES, flawed(5), ("clean_sessions",)),
    # Pain after up to 2, with nerve pain up to 1.
    ("after", ("msk",), told(1, before=2, after=2), ()),
    ("after", ("msk",), told(1, before=3, after=3), ("clean_sessions",)),
    ("after", NERVES, told(1, before=1, after=1), ()),
    ("after", NERVES, told(1, before=2, after=2), ("clean_sessions",)),
    # A rise by up to 1, with nerve pain none.
    ("rise", ("msk",), told(1, before=0, after=1), ()),
    ("rise", ("msk",), told(1, before=0, after=2), ("clean_sessions",)),
    ("rise", NERVES, told(1, before=1, after=1), ()),
    ("rise", NERVES, told(1, before=0, after=1), ("clean_sessions",)),
    # Mornings at the usual, and not above.
    ("morning", BOTH, told(3, morning=1), ("clean_sessions",)),
    ("morning", BOTH, both(dog_with(intake_pain=1), not_done(*range(9, 13)), told(1, morning=1)), ("clean_sessions",)),
    ("stop", BOTH, done(3, stop_codes=STOPPED), ("clean_sessions",)),
    ("stop", ("msk",), done(4, stop_codes=STOPPED), ()),
    # Quality: 2 or more each, 2.5 on average.
    ("quality", ("msk",), both(done(1, quality=2), done(2, quality=3), done(3, quality=3)), ()),
    ("quality", ("msk",), both(done(1, quality=2), done(2, quality=2), done(3, quality=3)), ("quality",)),
    ("quality", ("msk",), both(done(1, quality=1), done(2, quality=3), done(3, quality=3)), ("quality",)),
    ("quality", ("msk",), done(4, quality=1), ()),
    ("quality", NERVES, done(5, quality=1), ("quality",)),
    ("quality", NERVES, done(6, quality=1), ()),
    ("quality", NERVES, both(*(done(ago, quality=2) for ago in (3, 4))), ()),
    ("quality", NERVES, both(*(done(ago, quality=2) for ago in (3, 4, 5))), ("quality",)),
    # Well done long ago must not make up for the last three.
    ("quality", NERVES, both(*(done(ago, quality=2) for ago in (1, 2))), ("quality",)),
    ("quality", ("msk",), done(3, quality=None), ("quality",)),
    ("quality", ("msk",), done(4, quality=None), ()),
    ("quality", BOTH, both(done(0, quality=1), told(0)), ("quality",)),
    ("quality", BOTH, both(done(0, quality=None), told(0)), ("quality",)),
    # Completion: 0.80 of what was due at this dose, and something due this week.
    ("completion", BOTH, item_with(completion_at_level=0.80), ()),
    ("completion", BOTH, item_with(completion_at_level=0.79), ("completion",)),
    ("completion", BOTH, item_with(completion_at_level=None), ("completion",)),
    ("completion", BOTH, item_with(completion=None), ("completion",)),
    # Sessions and days: 6 and 5, with nerve pain 8 and 7.
    ("sessions", ("msk",), item_with(rounds=[make_round(ago) for ago in range(1, 7)]), ()),
    ("sessions", ("msk",), item_with(rounds=[make_round(ago) for ago in range(1, 6)]), ("sessions",)),
    ("sessions", NERVES, item_with(rounds=[make_round(ago) for ago in range(1, 9)]), ()),
    ("sessions", NERVES, item_with(rounds=[make_round(ago) for ago in range(1, 8)]), ("sessions",)),
    ("sessions", BOTH, item_with(last_done_on=None), ("sessions",)),
    ("days", ("msk",), both(done(0), told(0), item_with(level_since=day(5))), ()),
    ("days", ("msk",), both(done(0), told(0), item_with(level_since=day(4))), ("sessions", "days")),
    ("days", NERVES, both(done(0), told(0), item_with(level_since=day(7))), ()),
    ("days", NERVES, both(done(0), told(0), item_with(level_since=day(6))), ("sessions", "days")),
    # Gate B, overlays, the phase.
    ("gate", BOTH, item_with(lacking=("B3", "O7")), ("B3", "O7")),
    # What the definition says of every dog.
    ("plan", BOTH, dog_with(limits=None), ("plan",)),
    ("plan", BOTH, dog_with(re_exam_due_on=None), ("plan",)),
    ("plan", BOTH, dog_with(started_on=None), ("plan",)),
    # A regress of whatever exercise within seven days.
    ("settling", BOTH, dog_with(lowered_on=[day(7)]), ("settling",)),
    ("settling", BOTH, dog_with(lowered_on=[day(8), day(-1)]), ()),
    ("settling", BOTH, dog_with(lowered_on=[day(0)]), ("settling",)),
    # With nerve pain how tired the last session left the dog.
    ("tired", NERVES, told(1, tired=None), ("tired",)),
    ("tired", NERVES, told(2, tired=None), ()),
    ("tired", ("msk",), told(1, tired=None), ()),
]
EXPANDED = [(profile, change, unmet) for _, profiles, change, unmet in CASES for profile in profiles]


@pytest.mark.parametrize(("profile", "change", "unmet"), EXPANDED)
def test_condition_is_met_on_its_side_of_the_limit(profile: str, change: Change, unmet: tuple[str, ...]) -> None:
    found = weighed(change(make_dog(profile)))
    assert (found.unmet, found.broken) == (unmet, ())
    assert (found.decision == Decision.PROGRESS) is (not unmet)


MISSING: list[tuple[tuple[str, ...], Change, set[str], set[str]]] = [
    (BOTH, told(1, before=None), {"pain_before"}, {"clean_sessions", "answers"}),
    (BOTH, told(3, after=None), {"pain_after"}, {"clean_sessions", "answers"}),
    (BOTH, told(1, morning=None), {"pain_next_morning"}, {"clean_sessions", "answers"}),
    (("msk",), told(4, morning=None), set(), set()),
    (NERVES, told(5, morning=None), {"pain_next_morning"}, {"clean_sessions", "answers"}),
    (NERVES, told(6, morning=None), set(), set()),
    (BOTH, done(2, quality=None), {"quality"}, {"quality"}),
    (("msk",), done(4, quality=None), set(), set()),
    (NERVES, told(1, tired=None), {"tired"}, {"tired"}),
    (BOTH, item_with(completion=None), {"completion"}, {"completion"}),
    (
        ("msk",),
        both(dog_with(intake_pain=None), *(told(ago, before=None) for ago in range(3, 13))),
        {"baseline", "pain_before"},
        {"clean_sessions", "answers"},
    ),
    # Today's next morning cannot have been answered; the rest can.
    (BOTH, both(done(0), told(0)), set(), set()),
    (BOTH, both(done(0), told(0, after=None)), {"pain_after", "pain_next_morning"}, {"clean_sessions", "answers"}),
    (BOTH, both(done(0), told(0, before=None)), {"pain_before", "pain_next_morning"}, {"clean_sessions", "answers"}),
    (BOTH, both(done(0), told(0, after=3)), {"pain_next_morning"}, {"clean_sessions"}),
    (("msk",), both(done(0), told(0, tired=None)), set(), set()),
    (NERVES, both(done(0), told(0, tired=None)), set(), set()),
    # A session that nobody told of at all.
    (
        BOTH,
        lambda dog: dog_with(sessions=[one for one in dog.sessions if one.day != day(2)])(dog),
        {"pain_before", "pain_after", "pain_next_morning"},
        {"clean_sessions", "answers"},
    ),
]


@pytest.mark.parametrize(
    ("profile", "change", "missing", "unmet"),
    [(profile, *rest) for profiles, *rest in MISSING for profile in profiles],
)
def test_missing_answer_is_named_and_lets_nothing_grow(
    profile: str, change: Change, missing: set[str], unmet: set[str]
) -> None:
    found = weighed(change(make_dog(profile)))
    assert found.missing == tuple(sorted(missing))
    assert set(found.unmet) == unmet
    assert (found.decision == Decision.PROGRESS) is (not unmet)


def test_dog_of_which_nothing_is_known_says_what_is_missing() -> None:
    dog = dog_with(sessions=[], intake_pain=None)(make_dog("neuro", items=[make_item(rounds=[], completion=None)]))
    found = weighed(dog)
    assert found.missing == ("baseline", "completion", "tired")
    assert found.unmet == ("clean_sessions", "quality", "tired", "completion", "sessions")


def test_answers_around_the_other_exercises_are_missed_too() -> None:
    """A walk every other day; on the days between something else was done, and nobody told of the last morning."""
    walk = make_item(
        rounds=[make_round(ago) for ago in range(2, 26, 2)], last_done_on=day(2), level_since=day(26), key="1"
    )
    other = make_item(rounds=[make_round(ago) for ago in range(1, 26, 2)], slug="sit-to-stand", key="2")
    dog = make_dog(items=[walk, other], sessions=[make_session(ago) for ago in range(1, 26)])

    def unmet(dog: Dog) -> tuple[str, ...]:
        return weigh(dog).items[0].unmet

    assert unmet(dog) == ()
    assert unmet(told(1, morning=None)(dog)) == ("answers",)
    assert unmet(told(3, before=None)(dog)) == ("answers",)
    assert unmet(told(3, after=None)(dog)) == ("answers",)
    assert unmet(told(5, morning=None)(dog)) == ()


def test_mean_of_exactly_two_and_a_half_is_good_enough() -> None:
    """With a clinic's own number of sessions: three or five whole numbers have no such mean."""
    own = dog_with(profile=Profile.of("msk", {"clean_needed": 4}))
    assert weighed(both(own, done(2, quality=2), done(4, quality=2))(make_dog())).unmet == ()
    assert weighed(both(own, done(2, quality=2), done(3, quality=2), done(4, quality=2))(make_dog())).unmet == (
        "quality",
    )


def test_round_of_a_day_to_come_is_not_looked_at() -> None:
    assert weighed(done(-1)(make_dog())).unmet == ()
    # Nor one in which nothing was done, of which nobody needs to tell.
    dog = item_with(rounds=[make_round(0, share=0.0), *make_dog().items[0].rounds])(make_dog())  # type: ignore[index]
    assert weighed(dog).unmet == ()


def test_clean_sessions_need_not_be_of_this_dose_but_enough_of_them_must() -> None:
    dog = item_with(level_since=day(6))(make_dog())
    assert weighed(dog).decision == Decision.PROGRESS


def test_step_up_is_one_variable_and_the_harder_exercise_only_at_the_top() -> None:
    found = weighed(make_dog())
    assert found.step is not None
    assert (found.step.slug, found.step.variable, found.step.before, found.step.after, found.step.is_swap) == (
        "leash-walk",
        "minutes",
        5,
        6,
        False,
    )
    assert [one.rule for one in found.fired] == ["P1"]
    assert found.rules == ("P1",)

    walked = Stretch(slug="leash-walk", load=2, is_active=True, dose=Dose(minutes=30), starts_on=day(40))
    at_the_top = both(item_with(dose=Dose(minutes=30)), dog_with(recent=[walked]))(make_dog())
    found = weighed(at_the_top)
    assert found.step is not None
    assert (found.step.slug, found.step.dose, found.step.is_swap, found.step.variable) == (
        "hill-walk",
        Dose(minutes=4),
        True,
        "",
    )

    found = weighed(item_with(harder=None)(at_the_top))
    assert (found.decision, found.unmet, found.step, found.fired) == (
        Decision.HOLD,
        ("end_of_the_range",),
        None,
        (),
    )


def test_numbers_say_what_was_looked_at() -> None:
    dog = both(told(1, before=1, after=1, morning=0), item_with(completion=0.857))(make_dog())
    found = weighed(dog)
    looked_at = {
        "sessions": 12,
        "since": day(12),
        "before": 1,
        "after": 1,
        "morning": 0,
        "usual": 0,
        "percent": 86,
    }
    assert found.numbers == looked_at
    assert [dict(one.numbers) for one in found.fired] == [looked_at]
    nothing = weighed(item_with(rounds=[], completion=None)(dog))
    assert nothing.numbers == {**dict.fromkeys(looked_at), "sessions": 0, "usual": 0}


APPROVERS: list[tuple[str, str, Dose | None, Approver]] = [
    # 03_decision.yaml, approver.progress of D1, D2 and D3, D4 and D6, D5, D7.
    ("msk", "auto-suggest, therapist or pre-approved range", None, Approver.STAFF),
    ("neuro", "vet or therapist every time", None, Approver.STAFF),
    ("neuro", "vet", None, Approver.VET),
    ("msk", "auto-suggest inside pre-approved range", None, Approver.STAFF),
    ("msk", "nobody", None, Approver.NOBODY),
    ("msk", "", None, Approver.NOBODY),
    # A vet has approved six minutes ahead; only musculoskeletal pain lets a step be taken so.
    ("msk", "auto-suggest, therapist or pre-approved range", Dose(minutes=6), Approver.ALONE),
    ("msk", "auto-suggest, therapist or pre-approved range", Dose(minutes=5), Approver.STAFF),
    ("msk", "auto-suggest, therapist or pre-approved range", Dose(reps=9), Approver.STAFF),
    ("neuro", "vet or therapist every time", Dose(minutes=9), Approver.STAFF),
    ("mixed", "vet", Dose(minutes=9), Approver.VET),
    ("msk", "nobody", Dose(minutes=9), Approver.NOBODY),
]


@pytest.mark.parametrize(("profile", "row", "up_to", "approver"), APPROVERS)
def test_row_says_who_may_progress(profile: str, row: str, up_to: Dose | None, approver: Approver) -> None:
    found = weighed(item_with(row_approver=row, allowed_up_to=up_to)(make_dog(profile)))
    assert (found.decision, found.approver) == (Decision.PROGRESS, approver)


def test_harder_exercise_is_never_taken_ahead() -> None:
    dog = item_with(dose=Dose(minutes=30), allowed_up_to=Dose(minutes=60))(make_dog())
    assert weighed(dog).approver == Approver.STAFF


def test_hold_is_for_staff_whatever_the_row_says() -> None:
    found = weighed(item_with(row_approver="nobody", is_taught=False, lowered_at=moment(50))(make_dog()))
    assert (found.decision, found.approver, found.step) == (Decision.HOLD, Approver.STAFF, None)
