"""What must hold for every dog, whatever was answered: Hypothesis looks for one for which it does not."""

import datetime as dt
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeVar, cast

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from rehab.guidance import engine
from rehab.guidance.engine import assessment, hold, regress, restrain, weigh
from rehab.guidance.engine.flags import DETECTORS
from rehab.guidance.engine.values import Decision, Dog, Item, Measured, OpenFlag, Profile, Response, Session
from rehab.library import reading
from rehab.programs.dose import Dose
from rehab.programs.limits import Stretch
from tests.guidance.engine.builders import (
    DAY,
    HOUR,
    NOW,
    TODAY,
    WALK,
    day,
    make_dog,
    make_item,
    make_round,
    make_session,
    moment,
    told,
)

EXAMPLES = settings(max_examples=250)
PROFILES = ("msk", "neuro", "mixed", "undetermined")
SLUGS = (WALK, "sit-to-stand", "cookie-stretch")
LONGEST = 24
SCORES = st.integers(0, 10)
SMALL = st.integers(0, 3)
METRICS = {"unaided_steps": 10, "standing_s": 60, "knuckling_level": 3, "toe_response": 2, "urination_normal": 1}
STOP = {flag.id: flag.stop for flag in reading.red_flags()}
Thing = TypeVar("Thing")


# --- Dogs: the good one, with a few things that are not so good -----------------------------------------------------


def changed(thing: Thing, name: str, value: Any) -> Thing:
    """The value with another answer in one place."""
    other: Any = replace(thing, **{name: value})  # type: ignore[type-var]
    return cast(Thing, other)


def one_item(number: int, *, every: int, longest: int, is_done_today: bool) -> Item:
    """An exercise of every day or every few days, up to today or yesterday."""
    days_ago = [ago for ago in range(0 if is_done_today else 1, longest * every + 1) if (ago + number) % every == 0]
    rounds = [make_round(ago, at=moment(ago, hour=9)) for ago in days_ago]
    last = min(days_ago)
    return make_item(
        key=f"item-{number}",
        slug=SLUGS[number],
        rounds=rounds,
        level_since=day(max(days_ago)),
        last_done_on=day(last),
        missed_days=0,
    )


def sessions_of(items: list[Item]) -> list[Session]:
    """One session a day on which anything was done; today's next morning has not come."""
    days = {one.day for item in items for one in item.rounds}
    return [make_session((TODAY - one).days) for one in sorted(days)]


Changed = Callable[[Dog], Dog]


def in_session(index: int, name: str, value: Any) -> Changed:
    def change(dog: Dog) -> Dog:
        sessions = sorted(dog.sessions, key=lambda one: one.day, reverse=True)
        number = index % len(sessions)
        one = sessions[number]
        # Nobody can have told today how tomorrow was.
        if one.day == TODAY and (name == "morning" or (name == "tired" and value == 3)):
            return dog
        sessions[number] = replace(one, **{name: value})
        return replace(dog, sessions=sessions)

    return change


def in_round(item: int, index: int, **changes: Any) -> Changed:
    def change(dog: Dog) -> Dog:
        items = list(dog.items)
        number = item % len(items)
        rounds = sorted(items[number].rounds, key=lambda one: one.day, reverse=True)
        rounds[index % len(rounds)] = replace(rounds[index % len(rounds)], **changes)
        items[number] = replace(items[number], rounds=rounds)
        return replace(dog, items=items)

    return change


def in_item(item: int, **changes: Any) -> Changed:
    def change(dog: Dog) -> Dog:
        items = list(dog.items)
        items[item % len(items)] = replace(items[item % len(items)], **changes)
        return replace(dog, items=items)

    return change


def in_dog(**changes: Any) -> Changed:
    return lambda dog: replace(dog, **changes)


def with_reading(metric: str, hours: int, value: float) -> Changed:
    reading_ = Measured(day=(NOW - hours * HOUR).date(), at=NOW - hours * HOUR, value=value)

    def change(dog: Dog) -> Dog:
        if metric == "pain_rest":
            return replace(dog, pain_rest=[*(one for one in dog.pain_rest if one.at != reading_.at), reading_])
        there = [one for one in dog.measures.get(metric, ()) if one.at != reading_.at]
        return replace(dog, measures={**dog.measures, metric: [*there, reading_]})

    return change


def with_flag(flag: str, ago: int) -> Changed:
    return lambda dog: replace(dog, flags=[*dog.flags, OpenFlag(id=flag, stop=STOP[flag], on=day(ago))])


def with_stretch(slug: str, minutes: int, since: int, came: Any) -> Changed:
    def change(dog: Dog) -> Dog:
        # An exercise has one dose on a day.
        there = [one for one in dog.recent if (one.slug, one.starts_on) != (slug, day(since))]
        new = Stretch(slug=slug, load=2, is_active=True, dose=Dose(minutes=minutes), starts_on=day(since), came=came)
        return replace(dog, recent=[*there, new])

    return change


MOMENTS = st.integers(0, 30).map(moment)
NEWEST = st.integers(0, 6)
SHARES = st.floats(0, 1) | st.just(1.0)
SESSION_CHANGES = st.one_of(
    st.builds(in_session, NEWEST, st.sampled_from(["before", "after", "morning"]), SMALL | SCORES | st.none()),
    st.builds(in_session, st.integers(0, LONGEST), st.just("before"), SCORES | st.none()),
    st.builds(in_session, NEWEST, st.just("tired"), SMALL | st.none()),
)
ITEM_CHANGES = st.one_of(
    st.builds(
        lambda item, ago, value: in_round(item, ago, quality=value), SMALL, NEWEST, st.integers(1, 3) | st.none()
    ),
    st.builds(
        lambda item, ago, codes: in_round(item, ago, stop_codes=codes),
        SMALL,
        NEWEST,
        st.frozensets(st.sampled_from(["S_LIMP", "S_CRY"])),
    ),
    st.builds(lambda item, value: in_item(item, completion=value), SMALL, SHARES | st.none()),
    st.builds(lambda item, value: in_item(item, completion_at_level=value), SMALL, SHARES | st.none()),
    st.builds(lambda item, value: in_item(item, is_taught=value), SMALL, st.booleans()),
    st.builds(lambda item, at: in_item(item, lowered_at=at), SMALL, MOMENTS | st.none()),
    st.builds(lambda item, ago: in_item(item, level_since=day(ago)), SMALL, st.integers(0, 30)),
    st.builds(lambda item, minutes: in_item(item, dose=Dose(minutes=minutes)), SMALL, st.integers(2, 30)),
    st.builds(lambda item, easier: in_item(item, easier=easier), SMALL, st.none()),
    st.builds(
        lambda item, ago, missed: in_item(item, last_done_on=day(ago), missed_days=missed),
        SMALL,
        st.integers(0, 30),
        SMALL,
    ),
    st.builds(lambda item, names: in_item(item, lacking=names), SMALL, st.sampled_from([(), ("B3",)])),
)
DOG_CHANGES = st.one_of(
    st.builds(lambda value: in_dog(intake_pain=value), SCORES | st.none()),
    st.builds(lambda value: in_dog(pain_control=value), st.sampled_from(["", "planned"])),
    st.builds(lambda value: in_dog(doses_missed=value), SMALL),
    st.builds(lambda value: in_dog(medicine_is_out=value), st.booleans()),
    st.builds(lambda at: in_dog(medicine_changed_at=at), MOMENTS | st.none()),
    st.builds(lambda at: in_dog(looked_at=at), MOMENTS | st.none()),
    st.builds(lambda ago: in_dog(started_on=day(ago)), st.integers(0, 30)),
    st.builds(lambda ago: in_dog(re_exam_due_on=day(ago)), st.integers(-9, 9)),
    st.builds(lambda days: in_dog(lowered_on=[day(ago) for ago in days]), st.lists(st.integers(0, 9), max_size=3)),
    st.builds(lambda days: in_dog(limb_days=[day(ago) for ago in days]), st.lists(st.integers(0, 9), max_size=5)),
    st.builds(
        lambda loads: in_dog(loads={day(ago): load for ago, load in loads.items()}),
        st.dictionaries(st.integers(0, 12), st.sampled_from([0.0, 10.0, 20.0]), max_size=12),
    ),
    st.builds(lambda value: in_dog(origin=value), st.sampled_from(["", "primary", "secondary"])),
    st.builds(lambda value: in_dog(mechanism=value), st.sampled_from(["", "musculoskeletal", "neurologic"])),
    st.builds(lambda value: in_dog(activity_order=value), st.sampled_from(["", "strict_rest"])),
    st.builds(lambda value: in_dog(is_signed=value), st.booleans()),
    st.builds(lambda value: in_dog(completion=value), SHARES | st.none()),
    st.builds(with_flag, st.sampled_from(["RF12", "RF18", "RF21", "RF29"]), st.integers(0, 9)),
    st.builds(
        with_stretch,
        st.sampled_from(SLUGS),
        st.integers(2, 30),
        st.integers(-1, 20),
        st.sampled_from(["", "progressed", "changed"]),
    ),
)
MEASURE_CHANGES = st.one_of(
    st.builds(with_reading, st.just("pain_rest"), st.integers(0, 99), SCORES),
    *(
        st.builds(with_reading, st.just(metric), st.integers(0, 200), st.integers(0, most))
        for metric, most in METRICS.items()
    ),
)
CHANGES = st.one_of(SESSION_CHANGES, SESSION_CHANGES, ITEM_CHANGES, DOG_CHANGES, MEASURE_CHANGES)


@st.composite
def dogs(draw: st.DrawFn, *, profiles: tuple[str, ...] = PROFILES, changes: Any = CHANGES) -> Dog:
    profile = draw(st.sampled_from(profiles))
    items = [
        one_item(
            number,
            every=draw(st.integers(1, 3)),
            longest=draw(st.integers(3, 12)),
            is_done_today=draw(st.booleans()),
        )
        for number in range(draw(st.integers(1, 3)))
    ]
    dog = make_dog(profile, items=items, sessions=sessions_of(items))
    for change in draw(st.lists(changes, max_size=6)):
        dog = change(dog)
    return dog


def decisions(response: Response) -> dict[str, Decision]:
    return {"": response.decision} | {one.key: one.decision for one in response.items}


def assert_no_less_careful(after: Response, before: Response) -> None:
    was = decisions(before)
    for key, decision in decisions(after).items():
        assert decision.care >= was[key].care, f"{key or 'the dog'} went from {was[key]} to {decision}"


def test_strategy_is_about_dogs_of_every_decision() -> None:
    seen: set[Decision] = set()

    @settings(max_examples=200, database=None, derandomize=True)
    @given(dogs())
    def look(dog: Dog) -> None:
        seen.update(one.decision for one in weigh(dog).items)

    look()
    assert seen == set(Decision)


# --- (a) Nothing grows because an answer is missing -----------------------------------------------------------------


def removals(dog: Dog) -> Iterator[Dog]:
    """The dog without one of its answers, one after another."""
    for number, one in enumerate(dog.sessions):
        rest = [*list(dog.sessions)[:number], *list(dog.sessions)[number + 1 :]]
        yield replace(dog, sessions=rest)
        for name in ("before", "after", "morning", "tired"):
            if getattr(one, name) is not None:
                yield replace(dog, sessions=[*rest, changed(one, name, None)])
    for number, item in enumerate(dog.items):
        for index, one_round in enumerate(item.rounds):
            if one_round.quality is not None:
                rounds = list(item.rounds)
                rounds[index] = replace(one_round, quality=None)
                yield in_item(number, rounds=rounds)(dog)
        for said in ("completion", "completion_at_level", "last_done_on", "harder", "allowed_up_to"):
            if getattr(item, said) is not None:
                yield in_item(number, **{said: None})(dog)
        yield in_item(number, is_taught=False)(dog)
    for said in ("intake_pain", "re_exam_due_on", "started_on", "limits", "looked_at", "completion"):
        if getattr(dog, said) is not None:
            yield changed(dog, said, None)
    yield replace(dog, pain_control="")
    yield replace(dog, is_signed=False)


@EXAMPLES
@given(dogs(), st.data())
def test_missing_answer_never_lets_anything_grow(dog: Dog, data: st.DataObject) -> None:
    before = weigh(dog)
    was = decisions(before)
    assume(any(decision != Decision.PROGRESS for decision in was.values()))
    for without in data.draw(st.lists(st.sampled_from(list(removals(dog))), min_size=1, max_size=25)):
        after = weigh(without)
        if after.baseline is not None and (before.baseline is None or after.baseline > before.baseline):
            # The usual pain is the median of what was answered: without the smallest answer it is another one.
            continue
        if {one.rule for one in before.questions} - {one.rule for one in after.questions} >= {assessment.HOLDS}:
            # A2 asks because of what was observed; with an observation fewer there is nothing to ask.
            continue
        for key, decision in decisions(after).items():
            assert decision != Decision.PROGRESS or was[key] == Decision.PROGRESS, key


def test_missing_answer_around_one_exercise_lets_no_other_grow() -> None:
    """The walk is done every other day; on the days between, the other exercise hurts."""
    walk = replace(
        one_item(0, every=2, longest=12, is_done_today=False), rounds=[make_round(ago) for ago in range(2, 26, 2)]
    )
    other = replace(
        one_item(1, every=2, longest=12, is_done_today=False), rounds=[make_round(ago) for ago in range(1, 25, 2)]
    )
    dog = make_dog(items=[walk, other], sessions=sessions_of([walk, other]))
    assert decisions(weigh(dog)) == dict.fromkeys(["", "item-0", "item-1"], Decision.PROGRESS)

    # A bad morning stops the dog (RF20); that nobody told of it does not let the walk grow.
    assert decisions(weigh(told(1, morning=4)(dog)))["item-0"] == Decision.RESTRAIN
    assert decisions(weigh(told(1, morning=None)(dog)))["item-0"] == Decision.HOLD

    # The second regress of a week lowers the walk, too (G8); that nobody judged the other one does not let it grow.
    poor = replace(other, rounds=[replace(one, quality=1) for one in other.rounds])
    again = replace(dog, lowered_on=[day(5)], items=[walk, poor])
    assert decisions(weigh(again))["item-0"] == Decision.REGRESS
    silent = replace(again, items=[walk, replace(other, rounds=[replace(one, quality=None) for one in other.rounds])])
    assert decisions(weigh(silent))["item-0"] == Decision.HOLD


@EXAMPLES
@given(dogs())
def test_dog_of_which_nothing_is_answered_never_grows(dog: Dog) -> None:
    bare = [Item(key=one.key, slug=one.slug, load=one.load, dose=one.dose, level_since=day(99)) for one in dog.items]
    nothing = Dog(today=dog.today, at=dog.at, profile=dog.profile, is_signed=True, pain_control="planned", items=bare)
    silent = replace(dog, sessions=[])
    for one in (nothing, replace(dog, items=bare), silent):
        assert Decision.PROGRESS not in decisions(weigh(one)).values()


# --- (b) More pain is never answered less carefully -----------------------------------------------------------------


@EXAMPLES
@given(dogs(), st.data())
def test_more_pain_is_never_answered_less_carefully(dog: Dog, data: st.DataObject) -> None:
    """The usual pain stays as it is: it comes from the answers before exercise alone."""
    sessions, resting = list(dog.sessions), list(dog.pain_rest)
    places: list[tuple[str, int]] = [
        *(
            (name, number)
            for name in ("after", "morning")
            for number, one in enumerate(sessions)
            if getattr(one, name) is not None
        ),
        *(("pain_rest", number) for number in range(len(resting))),
    ]
    assume(places)
    before = weigh(dog)
    for name, number in data.draw(st.lists(st.sampled_from(places), min_size=1, max_size=8)):
        if name == "pain_rest":
            value = data.draw(st.integers(int(resting[number].value), 10))
            worse = [*resting]
            worse[number] = replace(worse[number], value=value)
            after = weigh(replace(dog, pain_rest=worse))
        else:
            value = data.draw(st.integers(getattr(sessions[number], name), 10))
            told_worse = [*sessions]
            told_worse[number] = changed(told_worse[number], name, value)
            after = weigh(replace(dog, sessions=told_worse))
        assert after.baseline == before.baseline
        assert_no_less_careful(after, before)


# --- (c) The order in which things come does not matter -------------------------------------------------------------


def shuffled(dog: Dog, mix: Callable[[Any], list[Any]]) -> Dog:
    return replace(
        dog,
        flags=mix(dog.flags),
        sessions=mix(dog.sessions),
        pain_rest=mix(dog.pain_rest),
        measures={metric: mix(dog.measures[metric]) for metric in mix(dog.measures)},
        loads={one: dog.loads[one] for one in mix(dog.loads)},
        limb_days=mix(dog.limb_days),
        lowered_on=mix(dog.lowered_on),
        recent=mix(dog.recent),
        items=[replace(one, rounds=mix(one.rounds)) for one in mix(dog.items)],
    )


@EXAMPLES
@given(dogs(), st.randoms(use_true_random=False))
def test_order_does_not_matter(dog: Dog, chance: Any) -> None:
    def mix(values: Any) -> list[Any]:
        mixed = list(values)
        chance.shuffle(mixed)
        return mixed

    assert weigh(shuffled(dog, mix)) == weigh(dog)


# --- (d) Nerve pain is never treated less carefully -----------------------------------------------------------------


@EXAMPLES
@given(dogs(profiles=("msk", "neuro")))
def test_nerve_pain_is_never_treated_less_carefully(dog: Dog) -> None:
    msk = weigh(replace(dog, profile=Profile.of("msk")))
    neuro = weigh(replace(dog, profile=Profile.of("neuro")))
    assert_no_less_careful(neuro, msk)
    assert decisions(weigh(replace(dog, profile=Profile.of("mixed")))) == decisions(neuro)
    assert_no_less_careful(weigh(replace(dog, profile=Profile.of("undetermined"))), neuro)


# --- (e) A rule that fails hides no other, and then nothing grows ---------------------------------------------------

TABLES = [
    *((module, one.id) for module in (restrain, regress, hold, assessment) for one in module.RULES),
    *((engine, flag) for flag in DETECTORS),
]


def failing(*_: Any, **__: Any) -> None:
    raise ZeroDivisionError


@EXAMPLES
@given(dogs(), st.sampled_from(TABLES))
def test_rule_that_fails_hides_no_other(dog: Dog, place: tuple[Any, str]) -> None:
    module, rule = place
    before = weigh(dog)
    with pytest.MonkeyPatch.context() as patch:
        if module is engine:
            patch.setattr(engine, "DETECTORS", {**DETECTORS, rule: failing})
        else:
            broken = tuple(replace(one, check=failing) if one.id == rule else one for one in module.RULES)
            patch.setattr(module, "RULES", broken)
        after = weigh(dog)
    assert after.could_not_be_evaluated is (module is engine or bool(dog.items) or module in (restrain, assessment))
    # R1 and R5 speak of the signs, G8 of the other rules' regresses: without the one they may have nothing to speak of.
    leaning = {rule, *(("R1", "R5") if module is engine else ()), *(("G8",) if module is regress else ())}
    for was, now in zip(before.items, after.items, strict=True):
        assert now.decision != Decision.PROGRESS
        expected = [one for one in was.fired if one.rule not in {*leaning, "P1"}]
        assert [one for one in now.fired if one.rule not in leaning] == expected
    assert after.decision != Decision.PROGRESS
    assert [one.flag for one in after.detected] == [one.flag for one in before.detected if one.flag != rule]


BREAKS = st.one_of(
    st.builds(in_session, NEWEST, st.sampled_from(["before", "after", "morning", "tired"]), st.just("4")),
    st.builds(lambda item, ago: in_round(item, ago, quality="3"), SMALL, st.integers(0, 2)),
    st.builds(lambda item, ago: in_round(item, ago, share="1"), SMALL, st.integers(0, 2)),
    st.builds(lambda item: in_item(item, completion="1"), SMALL),
    st.builds(lambda item: in_item(item, dose="5"), SMALL),
    st.builds(lambda value: in_dog(doses_missed=value), st.just("1")),
    st.builds(lambda value: in_dog(medicine_changed_at=value), st.just("yesterday")),
)


@EXAMPLES
@given(dogs(), BREAKS)
def test_value_that_breaks_a_rule_is_survived(dog: Dog, change: Changed) -> None:
    broken = change(dog)
    response = weigh(broken)
    assert {one.key for one in response.items} == {one.key for one in dog.items}
    if response.could_not_be_evaluated:
        assert Decision.PROGRESS not in decisions(response).values()


# --- (f) The same for the same --------------------------------------------------------------------------------------


@EXAMPLES
@given(dogs())
@example(told(1, morning=4)(make_dog()))
def test_same_dog_is_answered_the_same_also_once_its_signs_are_open(dog: Dog) -> None:
    first = weigh(dog)
    assert weigh(dog) == first
    known = {one.id for one in dog.flags}
    opened = [
        OpenFlag(id=one.flag, stop=STOP[one.flag], on=dog.today) for one in first.detected if one.flag not in known
    ]
    assert weigh(replace(dog, flags=[*dog.flags, *opened])) == first


# --- Nothing is settled by waiting ----------------------------------------------------------------------------------


@EXAMPLES
@given(dogs(changes=SESSION_CHANGES))
def test_day_of_silence_lets_nothing_grow(dog: Dog) -> None:
    """A day later, with the exercises done and nobody asked how it was, nothing grows that did not before."""
    was = decisions(weigh(dog))
    items = [
        replace(
            one,
            rounds=[*one.rounds, make_round(-1, quality=None)],
            last_done_on=TODAY + DAY,
        )
        for one in dog.items
    ]
    later = replace(dog, today=TODAY + DAY, at=NOW + dt.timedelta(days=1), items=items)
    for key, decision in decisions(weigh(later)).items():
        assert decision != Decision.PROGRESS or was[key] == Decision.PROGRESS
