"""The words of a problem definition: why it cannot be signed yet, and what supports each answer."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from rehab.library import reading, translating
from rehab.patients.answers import patterns
from rehab.patients.decision_rows import MOST_CAREFUL
from rehab.patients.findings import FINDINGS
from rehab.patients.models import Patient
from rehab.patients.signing_rules import NO_DEFICIT_BY_ITSELF, Objection

Text = str | Promise

UNKNOWN: Final = _("This is not one of the answers. Please choose one of those shown.")

OBJECTIONS: Final[Mapping[tuple[str, str], Text]] = {
    ("signs", "unknown"): UNKNOWN,
    ("signs", "feet_placed_and_not"): _(
        "“Feet are placed normally” and a sign of misplaced feet are both ticked. Untick the one that is not so."
    ),
    ("findings", "unknown"): UNKNOWN,
    ("origin", "missing"): _("Answer the first question. “Not yet determined” is an answer too."),
    ("origin", "unknown"): UNKNOWN,
    ("mechanism", "missing"): _("Answer the second question. “Not yet determined” is an answer too."),
    ("mechanism", "unknown"): UNKNOWN,
    ("mechanism", "V2"): _(
        "Musculoskeletal pain has no neurologic deficit. Choose neurologic or both, or look at the deficit again."
    ),
    ("mechanism", "V5"): _(
        "Disc or other nerve disease with grade 2 or more is driven by the nerve, even when it does not hurt:"
        " choose neurologic or both."
    ),
    ("cause", "missing"): _("Choose the cause that fits best."),
    ("cause", "unknown"): UNKNOWN,
    ("cause", "V4"): _("A soft-tissue injury gives no neurologic deficit. Look at the cause again."),
    ("cause", "O8"): _(
        "A soft-tissue injury does not explain the nerve signs that are ticked. Choose another cause, or untick the sign."
    ),
    ("leaf", "unknown"): UNKNOWN,
    ("leaf", "leaf_of_another_cause"): _(
        "This diagnosis belongs to another cause. Choose one of the cause above, or change the cause."
    ),
    ("onset_on", "missing"): _("Say when it began."),
    ("onset_on", "onset_in_the_future"): _("The onset cannot lie in the future."),
    ("onset_on", "onset_before_birth"): _("The onset cannot lie before the dog was born."),
    ("onset_type", "unknown"): UNKNOWN,
    ("surgery_on", "missing"): _("“Disc, operated on” needs the day of the surgery."),
    ("surgery_on", "surgery_in_the_future"): _(
        "The surgery cannot lie in the future. Leave it empty until it is done; the plan belongs under “Surgery”."
    ),
    ("surgery_on", "onset_after_surgery"): _(
        "The surgery lies before the onset. Change one of the two days, or leave out a surgery for something else."
    ),
    ("surgery_on", "surgery_before_birth"): _("The surgery cannot lie before the dog was born."),
    ("neuro_deficit", "missing"): _("Say whether there is a neurologic deficit."),
    ("neuro_deficit", "signs_of_a_deficit"): _(
        "You ticked signs that mean a neurologic deficit. Answer yes, with grade 2 or more, or untick them."
    ),
    ("neuro_grade", "missing"): _("Choose the neurologic grade."),
    ("neuro_grade", "off_the_scale"): _("The grade goes from 0 to 5."),
    ("neuro_grade", "V1"): _("A neurologic deficit means grade 2 or more; no deficit means grade 0 or 1."),
    ("neuro_grade", "paralysis_is_grade_4"): _(
        "You ticked that the dog cannot move its legs: that is grade 4 or 5. Choose it, or untick the sign."
    ),
    ("deep_pain", "unknown"): UNKNOWN,
    ("deep_pain", "V6"): _("From grade 4 on, test deep pain and record what you found."),
    ("deep_pain", "deep_pain_contradicts_grade"): _(
        "Grade 4 means that deep pain is present, grade 5 that it is absent. The two answers contradict each other."
    ),
    ("deep_pain", "loss_of_pain_perception"): _(
        "You ticked that the dog does not feel pain in the feet. Record deep pain as absent or equivocal, or untick it."
    ),
    ("deep_pain", "row"): _("From grade 3 on, record deep pain; “not tested” is an answer at grade 3."),
    ("bladder_plan", "V6"): _("From grade 4 on, write down who empties the bladder, how and how often."),
    ("bladder_plan", "row"): _("A dog that cannot walk alone needs a bladder plan."),
    ("surgical_referral", "row"): _(
        "A dog that cannot walk alone needs the surgery question answered: done, declined or not indicated, and why."
    ),
    ("pain_at_rest", "missing"): _("Score the pain at rest, 0 to 10."),
    ("pain_at_rest", "off_the_scale"): _("Pain goes from 0 to 10."),
    ("pain_control", "missing"): _("Say how the pain is controlled, or that no medicine is needed."),
    ("pain_control", "unknown"): UNKNOWN,
    ("pain_control", "medicine_although_none_needed"): _(
        "Medicine is listed and “none needed” is chosen. Choose medicine, or empty the list."
    ),
    ("pain_control", "nerve_pain_needs_a_plan"): _(
        "Nerve pain needs a plan before exercise: write down the medicine or the other treatment."
    ),
    ("medicines", "missing"): _("Write down the medicine: what, how much, how often."),
    ("medicines", "incomplete"): _("Each medicine needs its name, its dose and its times. Fill in what is missing."),
    ("medicines", "too_many"): _("There is room for six medicines. Write the others into the plan in words."),
    ("pain_controlled_on", "pain_controlled_in_the_future"): _(
        "“Controlled since” cannot lie in the future. Leave it empty until the pain is controlled."
    ),
    ("activity_order", "missing"): _("Choose how much the dog may move."),
    ("activity_order", "unknown"): UNKNOWN,
    ("limb_source_and_plan", "V3"): _("Pain that compensates needs the limb that causes it, and its plan."),
    ("habits", "unknown"): UNKNOWN,
    ("activities", "too_few"): _("Ask the owner for at least three activities, or leave them all for later."),
    ("activities", "too_many"): _("Five activities are enough. Take out those that matter least to the owner."),
    ("activities", "incomplete"): _("Each activity needs its words and a score from 0 to 4. Fill in what is missing."),
    ("activities", "off_the_scale"): _("Activities are scored from 0 (normal) to 4 (cannot)."),
    ("baseline", "unknown"): UNKNOWN,
    ("baseline", "off_the_scale"): _("One of the measures is off its scale. Correct the number."),
    ("body_condition", "off_the_scale"): _("Body condition goes from 1 to 9."),
    ("red_flags_checked", "missing"): _("Check the warning signs and confirm it."),
    ("re_exam_due_on", "missing"): _("Choose the day of the re-examination."),
    ("re_exam_due_on", "re_exam_not_in_the_future"): _("The re-examination must lie after today."),
    ("re_exam_due_on", "re_exam_too_far"): _("Choose a re-examination within the next year."),
}

# What gate B still lacks, and what is worth a second look: neither stands in the way of a signature.
LACKING: Final[Mapping[str, Text]] = {
    "cause_statement": _("Write down the true cause in your words."),
    "activities": _("Name three to five activities that the family wants back."),
    "baseline": _("Record a baseline measure, such as seconds standing."),
    "limb_source_and_plan": _("Name the limb that is the source, and the plan for it."),
    "pain_controlled_on": _("Give the day since when the pain is controlled."),
}
LOOKS: Final[Mapping[str, Text]] = {
    "signs": _("“Feet are placed normally” is ticked, and there is a neurologic deficit."),
    "cause": _("The back compensates for a limb, and the cause is not “Compensation”."),
    "leaf": _("No diagnosis is chosen. “Not known yet” is an answer too, where it is offered."),
    "pain_control": _("The dog has pain at rest, and no pain control is needed."),
}
# Why the most careful row holds, in place of what the row is called.
AXES: Final[Mapping[str, Text]] = {
    "origin": _("Is the back itself the problem?"),
    "mechanism": _("What kind of pain is it?"),
    "neuro_deficit": _("Is there a neurologic deficit?"),
    "neuro_grade": _("Which neurologic grade?"),
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
LEAVES: Final[Mapping[str, Text]] = {
    "spondylosis": _("Spondylosis"),
    "facet_arthritis": _("Facet-joint arthritis"),
    "ivdd_conservative": _("Disc, without surgery"),
    "ivdd_postop": _("Disc, operated on"),
    "lumbosacral_disc": _("Lumbosacral disc"),
    "muscle_strain": _("Muscle strain"),
    "ligament_sprain": _("Ligament sprain"),
    "iliopsoas": _("Iliopsoas strain"),
    "discospondylitis": _("Discospondylitis"),
    "meningitis_immune": _("Immune-mediated meningitis"),
    "other_infection": _("Other infection"),
    "fce": _("Spinal stroke (FCE)"),
    "degenerative_myelopathy": _("Degenerative myelopathy"),
    "spinal_fracture": _("Spinal fracture"),
    "tumour": _("Tumour"),
    "unknown": _("Not known yet"),
    "hip_dysplasia": _("Hip dysplasia"),
    "patellar_luxation": _("Patellar luxation"),
    "cruciate": _("Cruciate ligament"),
    "other_limb": _("Another limb"),
}
# What speaks for an origin beside the documents' own words: practice, as in 10_targets.yaml.
ORIGIN_EVIDENCE: Final[Mapping[str, tuple[str, ...]]] = {
    "primary": ("back_touch_sensitive", "hunched_back", "neck_pain", "back_extension_pain", "unstable_spine"),
    "secondary": (
        *("hip_extension_pain", "unstable_stifle", "sits_with_leg_out", "bunny_hop", "weight_forward"),
        "pulls_up_with_front",
    ),
}
STAGES: Final[Mapping[str, Text]] = {
    "acute": _("Acute"),
    "subacute": _("Subacute"),
    "chronic": _("Chronic"),
}
# The scores of 08_instruments.yaml (csom) name only the ends; the words between are ours.
ACTIVITY_SCORES: Final[Mapping[int, Text]] = {
    0: _("normal"),
    1: _("a little hard"),
    2: _("hard"),
    3: _("very hard"),
    4: _("cannot"),
}
# What each measure is called, and its unit.
MEASURES: Final[Mapping[str, tuple[Text, Text]]] = {
    "standing_s": (_("Stands unaided"), _("s")),
    "unaided_steps": (_("Steps in a row without help"), _("of 10")),
    "straight_sits": (_("Straight sits"), _("of 5")),
    "walk_min_total": (_("Walks on the lead in a day"), _("min")),
    "pain_rest": (_("Usual pain, last 7 days"), _("of 10")),
}
# The codes of ``approver`` in 03_decision.yaml that are not words.
APPROVERS: Final[Mapping[str, Text]] = {
    "vet": _("a vet"),
    "therapist": _("a therapist"),
    "nobody": _("nobody"),
    "vet_or_therapist_from_signed_plan": _("a vet, or a therapist from the signed plan"),
    "auto-suggest, therapist or pre-approved range": _("suggested; a therapist, or inside the pre-approved range"),
    "auto-suggest inside pre-approved range": _("suggested, inside the pre-approved range"),
    "vet or therapist every time": _("a vet or therapist, every time"),
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


def lacking_text(objection: Objection) -> str:
    """What is still to be written down before anything grows."""
    return str(LACKING[objection.field])


def look_text(objection: Objection) -> str:
    """What is worth a second look before signing."""
    return str(LOOKS[objection.field])


def undecided_text(objection: Objection) -> str:
    """The question that is open; where two answers contradict each other, how."""
    return str(AXES[objection.field]) if objection.rule == "missing" else objection_text(objection)


def mechanism_support(mechanism: str) -> str:
    """What speaks for the answer, in one line."""
    if mechanism in MECHANISM_SUPPORT:
        return str(MECHANISM_SUPPORT[mechanism])
    patterns = next(row["pattern"] for row in reading.vocabulary()["mechanism"] if row["code"] == mechanism)
    return _sentence(MECHANISM_PATTERNS[pattern] for pattern in patterns)


def died_text(patient: Patient) -> str:
    """Why nothing new is done about a dog that has died."""
    day = date_format(patient.died_on) if patient.died_on else ""
    said = _("%(dog)s died on %(day)s. Nothing new is signed, assigned or asked any more; the record stays.")
    return str(said) % {"dog": patient.name, "day": day}


def sign_label(code: str) -> str:
    """A sign of document 001 beside its box, without the note to who builds the form."""
    labels = {code: label for group in reading.signs().values() for code, label in group.items()}
    return re.sub(r" \(must [^)]*\)$", "", translating.said(labels.get(code, code)))


def finding_label(code: str) -> str:
    """Anything that is ticked: a sign, a finding, a pattern of pain, or a movement habit."""
    if code in MECHANISM_PATTERNS:
        return capfirst(str(MECHANISM_PATTERNS[code]))
    known = {finding.code: translating.said(finding.label) for finding in FINDINGS} | {
        code: translating.said(habit.label) for code, habit in reading.habits().items()
    }
    return known[code] if code in known else sign_label(code)


def leaf_label(code: str) -> str:
    """A leaf diagnosis of the vocabulary."""
    return str(LEAVES.get(code, code))


def supports(question: str, answer: str) -> tuple[str, ...]:
    """The codes that speak for an answer to one of the two questions, when they are ticked."""
    if question == "origin":
        return ORIGIN_EVIDENCE.get(answer, ())
    if answer == "musculoskeletal":
        return (*patterns()[answer], "normal_coordination")
    if answer == "neurologic":
        signs = reading.signs()["signs_with_deficit"]
        return (*patterns()[answer], *(code for code in signs if code != NO_DEFICIT_BY_ITSELF))
    return ()


def row_meaning(row_id: str, meaning: str) -> str:
    """What a decision row means; the content's word for the row of open questions is a note to who wrote it."""
    return str(_("One of the two questions is not determined yet")) if row_id == MOST_CAREFUL else printed(meaning)


def approver(code: str) -> str:
    """Who decides, in words; what the content already says in words stays."""
    return str(APPROVERS.get(code, code))


def _sentence(parts: Iterable[Text]) -> str:
    return capfirst(", ".join(str(part) for part in parts)) + "."


def printed(text: str) -> str:
    """Text of the content as people write: comparisons as signs, and the names of fields as words.

    Source numbers stay: a vet must see where a number comes from.
    """
    text = re.sub(r"(?<=[a-z])_(?=[a-z])", " ", text)
    return re.sub(r"([<>])= ?", lambda found: f"{COMPARISONS[found[1]]}\N{NO-BREAK SPACE}", text)
