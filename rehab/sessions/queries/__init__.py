"""Reads of the owner's screens, each as few and as wide as it can be: the ORM call costs more than its SQL."""

from rehab.sessions.queries.days import (
    DogToday,
    day_rungs,
    day_view,
    dog_and_roles,
    dogs_today,
    logged,
    name_in_program,
    prescribed_media,
    read_day,
    visible_prescription,
)
from rehab.sessions.queries.dog import changes, dog_of_day
from rehab.sessions.queries.looking_back import History, SlotShare, history, pain_answers, slot_shares
from rehab.sessions.queries.rows import ONE_DAY, Change, DayView, DogOfDay, Logged, Pain, Plan, Stop, first_name

__all__ = [
    "ONE_DAY",
    "Change",
    "DayView",
    "DogOfDay",
    "DogToday",
    "History",
    "Logged",
    "Pain",
    "Plan",
    "SlotShare",
    "Stop",
    "changes",
    "day_rungs",
    "day_view",
    "dog_and_roles",
    "dog_of_day",
    "dogs_today",
    "first_name",
    "history",
    "logged",
    "name_in_program",
    "pain_answers",
    "prescribed_media",
    "read_day",
    "slot_shares",
    "visible_prescription",
]
