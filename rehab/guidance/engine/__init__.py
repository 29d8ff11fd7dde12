"""From a dog's response to a suggestion: progress, hold, regress or restrain, with every reason. Pure.

``weigh`` takes one dog as plain values and answers the same for the same values, in whatever order they come. The first
of RESTRAIN, REGRESS, HOLD and PROGRESS whose condition holds wins; what is missing never progresses. A rule that fails
hides no other, and then nothing progresses. Source: 06_progression.yaml.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, TypeVar

from rehab.guidance.engine import assessment, hold, progress, regress, restrain
from rehab.guidance.engine.flags import DETECTORS
from rehab.guidance.engine.registry import Rule
from rehab.guidance.engine.rounds import rounds_of
from rehab.guidance.engine.steps import is_allowed_ahead, last_clean_dose, step_down_of, step_up_of
from rehab.guidance.engine.values import (
    Approver,
    Decision,
    Detected,
    Dog,
    Fired,
    Item,
    NextStep,
    OpenFlag,
    Response,
    Weighed,
)
from rehab.library import reading

# Every rule whose id a decision can carry, beside P1.
RULES: Final[tuple[Rule, ...]] = (
    *restrain.RULES,
    *regress.RULES,
    regress.LOWERED_AGAIN,
    *hold.RULES,
    *assessment.RULES,
)
PROGRESS: Final = "P1"
Answer = TypeVar("Answer")


def weigh(dog: Dog) -> Response:
    """What the rules say about the dog and each of its exercises; for nobody to act on without a person, but to stop."""
    broken: list[str] = []
    detected = _detected(dog, broken)
    dog = replace(dog, flags=(*dog.flags, *_open(detected, dog)))
    restrained = _asked(restrain.RULES, broken, dog)
    questions = _asked(assessment.RULES, broken, dog)
    baseline = _tried("baseline", broken, lambda: dog.baseline)
    looks = [_look(item, dog) for item in sorted(dog.items, key=lambda one: one.key)]
    is_lowered = any(look.lowered for look in looks)
    for look in looks:
        look.lowered += _asked([regress.LOWERED_AGAIN], look.broken, look.item, dog, lowered_today=is_lowered)
    # What could not be evaluated of one exercise could have lowered the others.
    is_whole = not broken and not any(look.broken for look in looks)
    holding = [one for one in questions if one.rule == assessment.HOLDS]
    weighed = [_weighed(look, dog, restrained, holding, is_whole=is_whole) for look in looks]
    return Response(
        decision=Decision.RESTRAIN if restrained else _most_careful(weighed),
        items=tuple(weighed),
        fired=tuple(restrained),
        detected=detected,
        missing=tuple(sorted({name for one in weighed for name in one.missing})),
        actions=_tried("actions", broken, lambda: _actions(dog, weighed)) or (),
        broken=tuple(broken),
        questions=tuple(questions),
        baseline=baseline,
    )


@dataclass(kw_only=True)
class _Look:
    """One exercise with what was found about it, before anything is decided; ``None`` could not be evaluated."""

    item: Item
    lowered: list[Fired]
    held: list[Fired]
    unmet: tuple[str, ...] | None
    missing: tuple[str, ...] | None
    numbers: dict[str, Any] | None
    up: NextStep | None
    broken: list[str]


def _look(item: Item, dog: Dog) -> _Look:
    broken: list[str] = []
    return _Look(
        item=item,
        lowered=_asked(regress.RULES, broken, item, dog),
        held=_asked(hold.RULES, broken, item, dog),
        unmet=_tried(PROGRESS, broken, lambda: progress.unmet(item, dog)),
        missing=_tried("missing", broken, lambda: progress.missing(item, dog)),
        numbers=_tried("numbers", broken, lambda: _numbers(item, dog)),
        up=_tried("step", broken, lambda: step_up_of(item)),
        broken=broken,
    )


def _weighed(
    look: _Look, dog: Dog, restrained: Collection[Fired], holding: Collection[Fired], *, is_whole: bool
) -> Weighed:
    item, broken, numbers = look.item, look.broken, look.numbers or {}
    unmet = (PROGRESS,) if look.unmet is None else look.unmet
    fired = (*restrained, *look.lowered, *look.held, *holding)
    step: NextStep | None = None
    if fired:
        decision = fired[0].decision
    elif unmet or not is_whole:
        decision = Decision.HOLD
    elif look.up is None:
        decision, unmet = Decision.HOLD, ("end_of_the_range",)
    else:
        decision, step = Decision.PROGRESS, look.up
        fired = (Fired(rule=PROGRESS, decision=decision, numbers=numbers),)
    if decision == Decision.REGRESS:
        step = _tried("step", broken, lambda: step_down_of(item, dog, look.lowered))
    return Weighed(
        key=item.key,
        slug=item.slug,
        decision=decision,
        fired=fired,
        unmet=unmet,
        missing=look.missing or (),
        broken=tuple(broken),
        numbers=numbers,
        step=step,
        approver=_approver(item, dog, decision, step),
    )


def _tried(name: str, broken: list[str], look: Callable[[], Answer]) -> Answer | None:
    """The answer of one look at a dog; one that fails is noted, and silences none after it."""
    try:
        return look()
    except Exception:  # noqa: BLE001 - whatever it is, the other rules must be heard all the same
        broken.append(name)
        return None


def _asked(rules: Iterable[Rule], broken: list[str], *subject: Any, **more: Any) -> list[Fired]:
    """The rules that hold."""
    fired = []
    for one in rules:
        numbers = _tried(one.id, broken, partial(one.check, *subject, **more))
        if numbers is not None:
            fired.append(Fired(rule=one.id, decision=one.decision, numbers=numbers))
    return fired


def _detected(dog: Dog, broken: list[str]) -> tuple[Detected, ...]:
    found = [(flag, _tried(flag, broken, partial(check, dog))) for flag, check in DETECTORS.items()]
    return tuple(Detected(flag=flag, numbers=numbers) for flag, numbers in found if numbers is not None)


def _open(detected: Collection[Detected], dog: Dog) -> list[OpenFlag]:
    scopes = {flag.id: flag.stop for flag in reading.red_flags()}
    known = {one.id for one in dog.flags}
    return [OpenFlag(id=one.flag, stop=scopes[one.flag], on=dog.today) for one in detected if one.flag not in known]


def _approver(item: Item, dog: Dog, decision: Decision, step: NextStep | None) -> Approver:
    """Who may decide so: only a vet lifts a restraint, and only the row says who progresses (human_override)."""
    if decision == Decision.RESTRAIN:
        return Approver.VET
    if decision != Decision.PROGRESS:
        return Approver.STAFF
    if item.row_approver in ("", "nobody"):
        return Approver.NOBODY
    if dog.profile.name == "msk" and step is not None and is_allowed_ahead(step, up_to=item.allowed_up_to):
        return Approver.ALONE
    return Approver.STAFF if "therapist" in item.row_approver or "auto" in item.row_approver else Approver.VET


def _most_careful(weighed: Collection[Weighed]) -> Decision:
    return max((one.decision for one in weighed), key=lambda one: one.care, default=Decision.HOLD)


def _actions(dog: Dog, weighed: Collection[Weighed]) -> tuple[str, ...]:
    """What is asked for beside a dose: H2 and G7, G8 of the content name it."""
    found = []
    if dog.completion is not None and dog.completion < hold.MUCH_TOO_LITTLE:
        found += ["call_owner", "cut_to_three"]
    fired = [one for item in weighed for one in item.fired]
    if any(one.rule == regress.LOWERED_AGAIN.id for one in fired):
        found.append("therapist_review")
    if any(one.rule == "G7" and one.numbers["re_enter"] for one in fired):
        found.append("vet_check")
    return tuple(found)


def _numbers(item: Item, dog: Dog) -> dict[str, Any]:
    """What was looked at (explanation_template): the sessions since when, the newest answers, what was done."""
    rounds = rounds_of(item, dog)
    newest = rounds[-1].session if rounds else None
    easier = last_clean_dose(item.easier, dog) if item.easier is not None else None
    return {
        # Where the easier exercise starts, whoever asks for it.
        **({"easier": easier.to_json()} if easier is not None else {}),
        "sessions": len(rounds),
        "since": rounds[0].day if rounds else None,
        "before": newest.before if newest else None,
        "after": newest.after if newest else None,
        "morning": newest.morning if newest else None,
        "usual": dog.baseline,
        "percent": None if item.completion is None else round(100 * item.completion),
    }
