"""The words of the library: doses as numbers with names, criteria as sentences, codes as what they mean."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from rehab.library import reading, translating

Text = Any  # a string, or a lazy one

TWICE: Final = {"per_day": gettext_lazy("twice a day"), "per_week": gettext_lazy("twice a week")}
# What a dose of the content may say, in the order in which a person would say it; the unit follows the number.
PARTS: Final[Mapping[str, tuple[Text, str]]] = {
    "minutes": (gettext_lazy("Minutes"), ""),
    "sets": (gettext_lazy("Sets"), ""),
    "reps": (gettext_lazy("Repetitions"), ""),
    "hold_s": (gettext_lazy("Hold"), "s"),
    "per_day": (gettext_lazy("Times a day"), ""),
    "days_per_week": (gettext_lazy("Days a week"), ""),
    "per_week": (gettext_lazy("Times a week"), ""),
    "interval_h": (gettext_lazy("Hours between"), ""),
    "toilet_trips_per_day": (gettext_lazy("Toilet trips a day"), ""),
    "duration_days": (gettext_lazy("Days in all"), ""),
    "height_cm": (gettext_lazy("Height"), "cm"),
    "loss_pct_per_week": (gettext_lazy("Weight loss a week"), "%"),
    "recheck_days": (gettext_lazy("Asked again after days"), ""),
}
SWITCHES: Final[Mapping[str, Text]] = {
    "one_off": gettext_lazy("Done once"),
    "per_prescription": gettext_lazy("As the label of the medicine says"),
}
LOADS: Final[tuple[Text, ...]] = (
    gettext_lazy("care, no load"),
    gettext_lazy("passive or fully supported"),
    gettext_lazy("light active, on the ground"),
    gettext_lazy("moderate strength or balance"),
    gettext_lazy("high: height, hills, unstable surface"),
)
TRAINS: Final[Mapping[str, Text]] = {
    "stretching": gettext_lazy("Stretching"),
    "stabilisation": gettext_lazy("Stabilisation"),
    "core": gettext_lazy("Core"),
}
# Words for a picture that is not there: browsers forget a chosen file whenever a form comes back.
NO_FILE: Final[Mapping[str, Text]] = {
    "photo": gettext_lazy("There are words for a photo, and no photo. Choose it (again), or take the words away."),
    "clip": gettext_lazy("There are words for a clip, and no clip. Choose it (again), or take the words away."),
}
CAUSES: Final[Mapping[str, Text]] = {
    "arthritis": gettext_lazy("Arthritis of the spine"),
    "disc": gettext_lazy("Disc disease"),
    "soft_tissue": gettext_lazy("Soft-tissue injury"),
    "inflammatory": gettext_lazy("Inflammation or infection"),
    "other_neuro": gettext_lazy("Other nerve or cord disease"),
    "compensatory": gettext_lazy("Compensation for a limb"),
    "any": gettext_lazy("Any cause"),
}
PROFILES: Final[Mapping[str, Text]] = {
    "msk": gettext_lazy("musculoskeletal limits"),
    "neuro": gettext_lazy("neurologic limits"),
    "inherit": gettext_lazy("the limits of the program before"),
}
METRICS: Final[Mapping[str, Text]] = {
    "pain_rest": gettext_lazy("pain at rest"),
    "pain_before": gettext_lazy("pain before the session"),
    "pain_after": gettext_lazy("pain after the session"),
    "pain_next_morning": gettext_lazy("pain the next morning"),
    "standing_s": gettext_lazy("seconds of standing alone"),
    "unaided_steps": gettext_lazy("steps in a row without help"),
    "knuckling_level": gettext_lazy("knuckling (0 none to 3 always)"),
    "straight_sits": gettext_lazy("straight sits out of 5"),
    "self_corrections": gettext_lazy("balance corrections out of 10"),
    "walk_min_total": gettext_lazy("minutes of walking a day"),
    "pole_touches": gettext_lazy("pole touches a pass"),
    "completion": gettext_lazy("share of the plan done"),
    "clean_sessions": gettext_lazy("sessions without a stop sign"),
    "falls": gettext_lazy("falls a day"),
    "toe_response": gettext_lazy("answer to the toe squeeze (0 to 2)"),
    "urination_normal": gettext_lazy("urinates normally"),
    "skin_ok": gettext_lazy("skin is whole"),
    "rest_breaks": gettext_lazy("escapes from rest a day"),
    "doses_given_pct": gettext_lazy("percent of the medicine given"),
    "weight_kg": gettext_lazy("weight in kg"),
    "days_in_phase": gettext_lazy("days in this phase"),
    "days_since_surgery": gettext_lazy("days since surgery"),
    "days_since_onset": gettext_lazy("days since it began"),
    "open_red_flags": gettext_lazy("open warning signs"),
    "vet_signed_phase": gettext_lazy("A vet has signed the change of phase"),
    "limb_stable_signed": gettext_lazy("A vet has signed that the limb is stable"),
    "exposure_rung_done": gettext_lazy("highest rung passed"),
}
# What exercises measure, without the unit.
MEASURED: Final[Mapping[str, Text]] = {
    "back_steps": gettext_lazy("steps backwards"),
    "calmness": gettext_lazy("calm"),
    "comfort": gettext_lazy("comfort"),
    "crossings": gettext_lazy("crossed feet"),
    "doses_given_pct": gettext_lazy("medicine given"),
    "hold_s_best": gettext_lazy("longest hold"),
    "jumps_per_day": gettext_lazy("jumps a day"),
    "minutes_done": gettext_lazy("minutes done"),
    "pole_touches": gettext_lazy("pole touches"),
    "quality": gettext_lazy("how well it went"),
    "ramp_height_cm": gettext_lazy("height of the ramp"),
    "reach_level": gettext_lazy("how far it reaches"),
    "relaxed": gettext_lazy("relaxed"),
    "reps_clean": gettext_lazy("clean repetitions"),
    "rest_breaks": gettext_lazy("breaks of the rest"),
    "scuffs_per_min": gettext_lazy("scuffs a minute"),
    "self_corrections": gettext_lazy("balance corrections"),
    "side_steps": gettext_lazy("steps to the side"),
    "skin_ok": gettext_lazy("skin is whole"),
    "slips_per_day": gettext_lazy("slips a day"),
    "stairs_uncontrolled": gettext_lazy("stairs without control"),
    "standing_s": gettext_lazy("standing alone"),
    "straight_sits": gettext_lazy("straight sits"),
    "supported_s": gettext_lazy("standing with support"),
    "tail_response": gettext_lazy("answer to the tail touch"),
    "toe_response": gettext_lazy("answer to the toe squeeze"),
    "touch_response": gettext_lazy("answer to touch"),
    "unaided_steps": gettext_lazy("steps without help"),
    "urination": gettext_lazy("urination"),
    "walk_min": gettext_lazy("walking time"),
    "weight_kg": gettext_lazy("weight"),
}
SIGNED: Final = frozenset({"vet_signed_phase", "limb_stable_signed", "urination_normal", "skin_ok"})
AGGREGATES: Final[Mapping[str, Text]] = {
    "last": gettext_lazy("last value"),
    "min": gettext_lazy("lowest"),
    "max": gettext_lazy("highest"),
    "avg": gettext_lazy("average"),
    "median": gettext_lazy("middle value"),
    "count": gettext_lazy("number"),
}
COMPARED: Final[Mapping[str, Text]] = {
    "<=": gettext_lazy("at most %s"),
    ">=": gettext_lazy("at least %s"),
    "==": gettext_lazy("exactly %s"),
    "<": gettext_lazy("below %s"),
    ">": gettext_lazy("above %s"),
}
CRITERION: Final = re.compile(r"(\w+)(?:\.(\w+)\[(\d+)([ds])\])? (<=|>=|==|<|>) (\d+(?:\.\d+)?)")
METRIC: Final = re.compile(rf"\b(?:{'|'.join(METRICS)})\b")
SIGNS: Final = (("->", "→"), (">=", "≥ "), ("<=", "≤ "), ("≥  ", "≥ "), ("≤  ", "≤ "))
REFUSALS: Final[Mapping[str, Text]] = {
    "not_a_photo": gettext_lazy("This is no photo that can be shown. Choose a JPEG, PNG or WebP."),
    "not_a_clip": gettext_lazy("This is no clip that can be shown. Choose an MP4, MOV or WebM."),
    "heic": gettext_lazy("Browsers cannot show HEIC photos. Save it as JPEG and choose that one."),
    "too_large": gettext_lazy("This file is too large: photos up to 10 MB, clips up to 60 MB."),
    "too_many_pixels": gettext_lazy("This picture is too large: choose one below 50 megapixels."),
    "too_long": gettext_lazy("This clip is too long. Cut it to 90 seconds or less."),
    "cut_short": gettext_lazy("This file ends too early, as if the upload or the copy had stopped half-way."),
    "damaged": gettext_lazy("This file is damaged and cannot be read."),
    "too_slow": gettext_lazy("Preparing this file took too long. Choose a shorter or smaller one."),
    "photos_only": gettext_lazy("Clips cannot be prepared on this system at present. Choose a photo."),
    "not_prepared": gettext_lazy("This file could not be prepared. Please choose it again."),
}


@dataclass(frozen=True, kw_only=True)
class Number:
    """One number of a dose with its name; ``least`` and ``most`` are the range in which staff may move it."""

    part: str
    label: Text
    unit: str
    value: float | int | None
    least: float | int | None
    most: float | int | None


def numbers(dose: Mapping[str, Any], dose_range: Mapping[str, Any]) -> list[Number]:
    """A dose and its range, part by part; what is one set, once a day, or not said stays unsaid."""
    found = []
    for part, (label, unit) in PARTS.items():
        value, bounds = dose.get(part), dose_range.get(part)
        pair = bounds if isinstance(bounds, list) and len(bounds) == 2 else (None, None)
        if (value in (None, 0) or (part == "sets" and value == 1)) and pair == (None, None):
            continue
        found.append(Number(part=part, label=label, unit=unit, value=value, least=pair[0], most=pair[1]))
    return found


def _times(part: str, value: int) -> str:
    texts: Mapping[str, Callable[[], str]] = {
        "minutes": lambda: ngettext("%(n)d minute", "%(n)d minutes", value),
        "sets": lambda: ngettext("%(n)d set", "%(n)d sets", value),
        "reps": lambda: ngettext("%(n)d repetition", "%(n)d repetitions", value),
        "hold_s": lambda: ngettext("hold %(n)d second", "hold %(n)d seconds", value),
        "per_day": lambda: ngettext("once a day", "%(n)d times a day", value),
        "days_per_week": lambda: ngettext("%(n)d day a week", "%(n)d days a week", value),
        "per_week": lambda: ngettext("once a week", "%(n)d times a week", value),
        "interval_h": lambda: ngettext("every hour", "every %(n)d hours", value),
        "toilet_trips_per_day": lambda: ngettext("%(n)d toilet trip a day", "%(n)d toilet trips a day", value),
        "duration_days": lambda: ngettext("for %(n)d day", "for %(n)d days", value),
        "height_cm": lambda: ngettext("%(n)d cm high", "%(n)d cm high", value),
        "recheck_days": lambda: ngettext("again after %(n)d day", "again after %(n)d days", value),
    }
    if value == 2 and part in TWICE:
        return str(TWICE[part])
    return texts[part]() % {"n": value} if part in texts else f"{PARTS[part][0]}: {value} {PARTS[part][1]}".rstrip()


def dose_line(dose: Mapping[str, Any]) -> str:
    """A dose in one line; what goes without saying (one set, every day) is left out."""
    switches = [str(text) for part, text in SWITCHES.items() if dose.get(part) is True]
    if switches:
        return ", ".join(switches)
    said = {part: dose[part] for part in PARTS if dose.get(part)}
    if said.get("sets") == 1:
        del said["sets"]
    if "per_week" in said:  # says on how many days, too
        said.pop("days_per_week", None)
    if said.get("days_per_week") == 7:
        del said["days_per_week"]
    if said.get("per_day") == 1 and ("per_week" in said or "days_per_week" in said):
        del said["per_day"]
    return capfirst(", ".join(_times(part, value) for part, value in said.items()))


def plain(text: str) -> str:
    """A terse note of the content with its codes and signs as a person reads them."""
    words = METRIC.sub(lambda found: str(METRICS[found[0]]), text)
    for sign, shown in SIGNS:
        words = words.replace(sign, shown)
    return words


def criterion(text: str) -> str:
    """One criterion of a phase as a sentence; as it is written where it cannot be read."""
    found = CRITERION.fullmatch(text)
    if found is None:
        return text
    metric, aggregate, span, unit, compared, value = found.groups()
    name = str(METRICS.get(metric, metric))
    if metric in SIGNED and (compared, value) in ((">=", "1"), ("==", "1")):
        sentence = name
    else:
        shown = f"{float(value):.0%}" if metric == "completion" else value
        sentence = f"{name} {COMPARED[compared] % shown}"
    if not aggregate:
        return capfirst(sentence)
    days = (
        ngettext("%(n)d day", "%(n)d days", int(span))
        if unit == "d"
        else ngettext("%(n)d session", "%(n)d sessions", int(span))
    )
    over = _("%(aggregate)s of the last %(span)s") % {
        "aggregate": AGGREGATES[aggregate],
        "span": days % {"n": int(span)},
    }
    return capfirst(f"{sentence} ({over})")


def meanings(codes: list[str], words: Mapping[str, str]) -> list[str]:
    """What codes mean, each as the beginning of a line."""
    return [capfirst(translating.said(words.get(code, code))) for code in codes]


def rows() -> dict[str, str]:
    """The decision rows with their meaning."""
    return {row["id"]: row["meaning"] for row in reading.decision()["rows"]}


def measures() -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What the built-in exercises measure, each metric once with its unit."""
    seen = set()
    for row in reading.read(reading.EXERCISES)["exercises"]:
        metric = row["measure"].get("metric")
        if metric and metric not in seen:
            seen.add(metric)
            yield metric, row["measure"]


def measure_name(measure: Mapping[str, Any]) -> str:
    """A measure in words, with its unit."""
    metric = measure.get("metric", "")
    name = str(MEASURED.get(metric, metric.replace("_", " ")))
    unit = translating.said(measure.get("unit", ""))
    return capfirst(f"{name} ({unit})" if unit else name)
