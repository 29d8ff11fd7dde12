"""What the content says, as plain values."""

import hashlib

from rehab.library import reading

REVIEWED = {
    "00_vocab.yaml": "545d12dda923",
    "01_neuro.yaml": "c18d17c6f08a",
    "02_redflags.yaml": "61b2e5e792d2",
    "03_decision.yaml": "49130fc21fa6",
    "04_exercises.yaml": "2f751b086e78",
    "05_protocols.yaml": "f7f3030d19ae",
    "06_progression.yaml": "b9377d89174a",
    "07_ladders.yaml": "9ef32f0b1ca7",
    "08_instruments.yaml": "3df7b94e741a",
    "09_adherence.yaml": "3de2adebad7f",
    "10_targets.yaml": "d9ea3f69489b",
    "11_synonyms.yaml": "d8f4aa0f11f5",
    "12_areas.yaml": "792ca1037e71",
    "13_score_entry.yaml": "fac50a3049a1",
    "SOURCES.md": "0d587a67dbcc",
}


def test_grades_are_the_six_of_the_scale() -> None:
    assert [grade.grade for grade in reading.grades()] == [0, 1, 2, 3, 4, 5]
    assert reading.grades()[2].vet == "Ambulatory paraparesis/ataxia: >=10 unaided steps in a row"


def test_red_flags_can_be_asked_for_by_urgency() -> None:
    emergencies = reading.red_flags(urgency="emergency_now")
    assert [flag.id for flag in emergencies] == [f"RF{number:02}" for number in range(1, 12)]
    assert len(reading.red_flags()) == 31
    assert {flag.urgency for flag in reading.red_flags()} == reading.urgencies().keys()


def test_urgencies_say_what_the_owner_does() -> None:
    emergency = reading.urgencies()["emergency_now"]
    assert emergency.owner_text.startswith("Keep your dog still")
    assert (emergency.stop, emergency.cleared_by) == ("all_active_and_passive", "vet")


def test_pain_anchors_have_a_behaviour_for_every_second_score() -> None:
    assert list(reading.pain_anchors()) == [0, 2, 4, 6, 8, 10]


def test_codes_have_texts() -> None:
    assert reading.contraindications()["X_NONAMB"] == "cannot do 10 unaided steps"
    assert reading.stop_signs()["S_SINK"] == "hips sink or legs give way"


def test_content_is_what_was_reviewed() -> None:
    """A vet reviews these very words; whoever changes one changes this list too, and says why in the commit."""
    found = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()[:12]
        for path in sorted(reading.FOLDER.iterdir())
        if path.is_file()
    }
    assert found == REVIEWED
