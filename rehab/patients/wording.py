"""The words of a problem definition: why it cannot be signed yet, and what supports each answer."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from rehab.library import reading
from rehab.patients.signing_rules import Objection

Text = str | Promise

OBJECTIONS: Final[Mapping[tuple[str, str], Text]] = {
    ("origin", "missing"): _("Answer the first question. “Not yet determined” is an answer too."),
    ("mechanism", "missing"): _("Answer the second question. “Not yet determined” is an answer too."),
    ("neuro_deficit", "missing"): _("Say whether there is a neurologic deficit."),
    ("neuro_grade", "missing"): _("Choose the neurologic grade."),
    ("cause", "missing"): _("Choose the cause that fits best."),
    ("onset_on", "missing"): _("Say when it began."),
    ("pain_at_rest", "missing"): _("Score the pain at rest, 0 to 10."),
    ("pain_control", "missing"): _("Say how the pain is controlled, or that no medicine is needed."),
    ("pain_control_plan", "missing"): _("Write down the medicine: what, how much, how often."),
    ("activity_order", "missing"): _("Choose how much the dog may move."),
    ("red_flags_checked", "missing"): _("Check the warning signs and confirm it."),
    ("re_exam_due_on", "missing"): _("Choose the day of the re-examination."),
    ("onset_on", "onset_in_the_future"): _("The onset cannot lie in the future."),
    ("onset_on", "onset_before_birth"): _("The onset cannot lie before the dog was born."),
    ("re_exam_due_on", "re_exam_not_in_the_future"): _("The re-examination must lie after today."),
    ("re_exam_due_on", "re_exam_too_far"): _("Choose a re-examination within the next year."),
    ("neuro_grade", "V1"): _("A neurologic deficit means grade 2 or more; no deficit means grade 0 or 1."),
    ("mechanism", "V2"): _(
        "Musculoskeletal pain has no neurologic deficit. Choose neurologic or both, or look at the deficit again."
    ),
    ("limb_source_and_plan", "V3"): _("Pain that compensates needs the limb that causes it, and its plan."),
    ("cause", "V4"): _("A soft-tissue injury gives no neurologic deficit. Look at the cause again."),
    ("mechanism", "V5"): _(
        "Disc or other nerve disease with grade 2 or more is driven by the nerve, even when it does not hurt:"
        " choose neurologic or both."
    ),
    ("deep_pain", "V6"): _("From grade 4 on, test deep pain and record what you found."),
    ("deep_pain", "deep_pain_contradicts_grade"): _(
        "Grade 4 means that deep pain is present, grade 5 that it is absent. The two answers contradict each other."
    ),
    ("deep_pain", "row"): _("From grade 3 on, record deep pain; “not tested” is an answer at grade 3."),
    ("bladder_plan", "V6"): _("From grade 4 on, write down who empties the bladder, how and how often."),
    ("bladder_plan", "row"): _("A dog that cannot walk alone needs a bladder plan."),
    ("surgical_referral", "row"): _(
        "A dog that cannot walk alone needs the surgery question answered: done, declined or not indicated, and why."
    ),
}

# Codes of 00_vocab.yaml: document 000 for the two questions, document 001 for the signs.
ORIGIN_SUPPORT: Final[Mapping[str, Text]] = {
    "primary": _("The back is the pain generator: disc, facet joint, instability."),
    "secondary": _(
        "The back is overloaded because another part does not do its job: hip dysplasia, patellar luxation,"
        " abnormal use of a limb."
    ),
    "undetermined": _("Only care and assessment can be prescribed until this is answered."),
}
MECHANISM_PATTERNS: Final[Mapping[str, Text]] = {
    "fluctuates_with_activity": _("rises and falls with activity"),
    "improves_with_rest": _("eases with rest"),
    "responds_to_movement_change": _("answers to a change of movement"),
    "disproportionate_to_imaging": _("out of proportion to imaging"),
    "aggravated_by_fatigue": _("worse with fatigue"),
    "aggravated_by_overexertion": _("worse after over-exertion"),
}
SIGNS: Final[Mapping[str, Text]] = {
    "reluctant_walk_jump": _("does not want to walk or jump"),
    "stilted_gait": _("stiff, short steps"),
    "hunched_back": _("arched or hunched back"),
    "back_touch_sensitive": _("sore when the back is touched"),
    "normal_coordination": _("yet every foot is placed normally"),
    "difficulty_walking": _("trouble walking"),
    "stumble_cross_legs": _("stumbles, crosses the legs, scuffs or knuckles"),
    "paralysis": _("cannot move the back legs or all four"),
    "loss_pain_perception": _("no feeling in the feet (your test)"),
    "severe_pain_distress": _("severe pain or distress"),
}
MECHANISM_SUPPORT: Final[Mapping[str, Text]] = {
    "mixed": _("Signs of both. The limits for nerve pain apply."),
    "undetermined": _("The limits for nerve pain apply, and nothing is progressed."),
}
CAUSE_SUPPORT: Final[Mapping[str, Text]] = {
    "arthritis": _("Spondylosis, facet joints"),
    "disc": _("Sudden or gradual; with or without surgery; lumbosacral"),
    "soft_tissue": _("Muscle, ligament, iliopsoas; gives no neurologic signs"),
    "inflammatory": _("Discospondylitis, immune-mediated meningitis, other infection: medical treatment first"),
    "other_neuro": _("Spinal stroke (FCE), degenerative myelopathy, fracture, tumour"),
    "compensatory": _("Hip, kneecap, cruciate or another limb"),
}
ACTIVITY_SUPPORT: Final[Mapping[str, Text]] = {
    "strict_rest": _("Crate or pen; toilet trips on lead and harness only"),
    "room_rest": _("One room without furniture to jump on"),
    "leash_only": _("Short walks on the lead, no running or jumping"),
    "free": _("No limits of its own"),
}
PROFILES: Final[Mapping[str, Text]] = {
    "msk": _("Limits for tissue-load pain"),
    "neuro": _("Limits for nerve pain"),
}
COMPARISONS: Final[Mapping[str, str]] = {">": "≥", "<": "≤"}
REGIONS: Final[tuple[Text, ...]] = (
    _("Cervical"),
    _("Cervicothoracic"),
    _("Thoracic"),
    _("Thoracolumbar"),
    _("Lumbar"),
    _("Lumbosacral"),
)


def objection_text(objection: Objection) -> str:
    """The sentence that tells a vet what to do about it."""
    return str(OBJECTIONS[objection.field, objection.rule])


def mechanism_support(mechanism: str) -> str:
    """What speaks for the answer, in one line."""
    if mechanism in MECHANISM_SUPPORT:
        return str(MECHANISM_SUPPORT[mechanism])
    patterns = next(row["pattern"] for row in reading.vocabulary()["mechanism"] if row["code"] == mechanism)
    return _sentence(MECHANISM_PATTERNS[pattern] for pattern in patterns)


def deficit_signs(group: str) -> str:
    """The signs of document 001, ``signs_with_deficit`` or ``signs_without_deficit``, in one line."""
    return _sentence(SIGNS[row["code"]] for row in reading.vocabulary()[group])


def _sentence(parts: Iterable[Text]) -> str:
    return capfirst(", ".join(str(part) for part in parts)) + "."


def printed(text: str) -> str:
    """Text of the content as people write: comparisons as signs, and the names of fields as words.

    Source numbers stay: a vet must see where a number comes from.
    """
    text = re.sub(r"(?<=[a-z])_(?=[a-z])", " ", text)
    return re.sub(r"([<>])= ?", lambda found: f"{COMPARISONS[found[1]]}\N{NO-BREAK SPACE}", text)
