"""Which exercises are in the plan and in which order, as the form says it, and what a press changes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self


class Act(StrEnum):
    """What a button of the builder asks for; only ``ASSIGN`` writes.

    Buttons about one item carry the act as their name; a button named “remove” would hide the form's own ``remove()``.
    """

    WEIGH = "weigh"
    SEARCH = "search"
    PREVIEW = "preview"
    CLOSE = "close"
    ASSIGN = "assign"
    UP = "item_up"
    DOWN = "item_down"
    REMOVE = "item_out"
    ADD = "item_in"


ON_ONE_ITEM: Final = (Act.UP, Act.DOWN, Act.REMOVE, Act.ADD)
ON_THE_PLAN: Final = frozenset(Act) - frozenset(ON_ONE_ITEM)


@dataclass(frozen=True, kw_only=True)
class Press:
    """The button that sent the form, and the exercise it is about, if any."""

    act: Act
    slug: str = ""

    @classmethod
    def typed(cls, data: Mapping[str, str]) -> Self:
        """The button in what was sent; a form that names none is only weighed."""
        for act in ON_ONE_ITEM:
            if slug := data.get(act.value):
                return cls(act=act, slug=slug)
        asked = data.get("do", "")
        return cls(act=Act(asked) if asked in ON_THE_PLAN else Act.WEIGH)


@dataclass(frozen=True, kw_only=True)
class Order:
    """The exercises of the plan in their order, and those that were taken out of it and can come back; by slug."""

    plan: tuple[str, ...] = ()
    aside: tuple[str, ...] = ()

    @classmethod
    def of(cls, plan: Sequence[str], aside: Sequence[str] = ()) -> Self:
        """Each exercise once, where it stands first; what is in the plan is not aside."""
        kept = tuple(dict.fromkeys(plan))
        return cls(plan=kept, aside=tuple(slug for slug in dict.fromkeys(aside) if slug not in kept))

    def after(self, press: Press) -> Self:
        """The order once the button has done its work; a button about an exercise that is not there does nothing."""
        if press.act == Act.ADD:
            return self._with(press.slug)
        if press.slug not in self.plan:
            return self
        if press.act == Act.REMOVE:
            return replace(
                self,
                plan=tuple(slug for slug in self.plan if slug != press.slug),
                aside=(*self.aside, press.slug),
            )
        return self._moved(press.slug, by={Act.UP: -1, Act.DOWN: 1}.get(press.act, 0))

    def _with(self, slug: str) -> Self:
        if slug in self.plan:
            return self
        return replace(
            self,
            plan=(*self.plan, slug),
            aside=tuple(one for one in self.aside if one != slug),
        )

    def _moved(self, slug: str, *, by: int) -> Self:
        plan = [one for one in self.plan if one != slug]
        plan.insert(max(0, self.plan.index(slug) + by), slug)
        return replace(self, plan=tuple(plan))
