"""When a family usually exercises its dog, learned from what it recorded: reminders come a while after that."""

import datetime as dt
import json
from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from accounts.models import User
from rehab.lib import time_zones
from rehab.nudges import schedule
from rehab.nudges.heartbeat import beat
from rehab.nudges.models import Heartbeat, NudgePreference

HABIT_BATCH: Final = 1000
# The last ten days on which something was recorded, within thirty; fewer than five tell no habit.
LOOK_BACK_DAYS: Final = 30
MOST_DAYS: Final = 10
LEAST_DAYS: Final = 5
# Between 60 and 90 minutes after the usual time: the family has had its chance, and the evening is not over.
LATER_MINUTES: Final = 75
STEP_MINUTES: Final = 5
# Half an hour before quiet begins, so that a reminder of late people still goes out.
LATEST_MINUTE: Final = schedule.QUIET_FROM_MINUTE - 30
# A person is moved while asleep: a minute that moves in the day could jump over the planner and be left out that day.
AT_HOUR: Final = 3
# What is done before 4:00 belongs to the evening before.
DAY_BEGINS_SECONDS: Final = 4 * 3600

HOUR: Final = dt.timedelta(hours=1)
MINUTE: Final = dt.timedelta(minutes=1)


class Offset(NamedTuple):
    """From when to when (seconds since 1970, half-open) the clocks of a zone were how many seconds ahead of UTC."""

    zone: str
    begins: int
    ends: int
    seconds: int


CLOCKS: Final = {
    "postgresql": """
        SELECT z->>0 AS name, (z->>1)::bigint AS begins, (z->>2)::bigint AS ends, (z->>3)::bigint AS seconds
        FROM jsonb_array_elements(%(clocks)s::jsonb) AS z""",
    "sqlite": """
        SELECT CAST(json_extract(value, '$[0]') AS TEXT) AS name, json_extract(value, '$[1]') AS begins,
               json_extract(value, '$[2]') AS ends, json_extract(value, '$[3]') AS seconds
        FROM json_each(%(clocks)s)""",
}
# An instant in whole seconds since 1970, and a day in whole days since then.
INSTANT: Final = {
    "postgresql": "FLOOR(EXTRACT(EPOCH FROM e.done_at))::bigint",
    "sqlite": "CAST(strftime('%%s', e.done_at) AS INTEGER)",
}
DAY: Final = {
    "postgresql": "(e.day - DATE '1970-01-01')",
    "sqlite": "CAST(julianday(e.day) - julianday('1970-01-01') AS INTEGER)",
}


def learn_habits(*, at: dt.datetime, batch: int = HABIT_BATCH) -> int:
    """Move the reminders of people whose night it is to a while after their usual time; returns how many moved.

    The usual time is the median of the last times of the last ten days on which the person recorded an exercise for that
    same day, by the clock of the phone. Whoever chose a time keeps it, and so does who recorded on fewer than five days.

    Meant to run once an hour: at each hour it is 3 o'clock somewhere. Two statements for each batch of people.
    """
    zones = [name for name in sorted(time_zones.names()) if at.astimezone(ZoneInfo(name)).hour == AT_HOUR]
    followers = NudgePreference.objects.filter(follows_habit=True, time_zone__in=zones).order_by("user_id")
    since = at - dt.timedelta(days=LOOK_BACK_DAYS)
    # A day more on both sides: nobody's time may fall out of its zone's clocks.
    clocks = offsets(zones, first=since - 2 * 24 * HOUR, until=at + 24 * HOUR)
    moved, after = 0, None
    while True:
        rest = followers if after is None else followers.filter(user_id__gt=after)
        people = list(rest.values_list("user_id", flat=True)[:batch])
        if people:
            moved += _move(people[0], people[-1], clocks, since=since, at=at)
            after = people[-1]
        if len(people) < batch:
            break
    beat(Heartbeat.Part.HABIT, at=at)
    return moved


def _move(first: UUID, last: UUID, clocks: Collection[Offset], *, since: dt.datetime, at: dt.datetime) -> int:
    vendor = connection.vendor
    # The exercises are found through the dogs that the person cares for, because those have an index by day.
    statement = f"""
        UPDATE nudges_nudgepreference SET remind_minute = learned.minute FROM (
        WITH clock AS MATERIALIZED ({CLOCKS[vendor]}),
        told AS (
            SELECT f.user_id, {DAY[vendor]} AS day, {INSTANT[vendor]} + k.seconds AS wall
            FROM nudges_nudgepreference f
            JOIN patients_caregiver c ON c.user_id = f.user_id AND c.ended_at IS NULL
            JOIN rehab_sessions_performedexercise e ON e.patient_id = c.patient_id AND e.recorded_by_id = f.user_id
            JOIN clock k ON k.name = f.time_zone AND k.begins <= {INSTANT[vendor]} AND {INSTANT[vendor]} < k.ends
            WHERE f.follows_habit AND f.user_id >= %(first)s AND f.user_id <= %(last)s
              AND e.day >= %(since)s AND e.done_at <= %(at)s AND e.state <> 'undone'),
        ended AS (
            SELECT user_id, (wall - {DAY_BEGINS_SECONDS}) / 86400 AS day,
                   MAX((wall - {DAY_BEGINS_SECONDS}) %% 86400) AS second
            FROM told
            WHERE day = wall / 86400 OR day = (wall - {DAY_BEGINS_SECONDS}) / 86400
            GROUP BY 1, 2),
        newest AS (
            SELECT user_id, second, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY day DESC) AS place FROM ended),
        ranked AS (
            SELECT user_id, second, ROW_NUMBER() OVER (PARTITION BY user_id ORDER BY second) AS place,
                   COUNT(*) OVER (PARTITION BY user_id) AS days
            FROM newest WHERE place <= {MOST_DAYS}),
        usual AS (
            SELECT user_id, CAST(ROUND(
                (AVG(second) + {DAY_BEGINS_SECONDS + 60 * LATER_MINUTES}) / {60 * STEP_MINUTES}.0) AS INTEGER)
                * {STEP_MINUTES} AS minute
            FROM ranked WHERE days >= {LEAST_DAYS} AND place IN ((days + 1) / 2, (days + 2) / 2)
            GROUP BY user_id)
        SELECT user_id, CASE WHEN minute < {schedule.QUIET_UNTIL_MINUTE} THEN {schedule.QUIET_UNTIL_MINUTE}
            WHEN minute > {LATEST_MINUTE} THEN {LATEST_MINUTE} ELSE minute END AS minute
        FROM usual) AS learned
        WHERE nudges_nudgepreference.user_id = learned.user_id AND nudges_nudgepreference.follows_habit
          AND nudges_nudgepreference.remind_minute <> learned.minute"""  # noqa: S608 (only constants)
    with connection.cursor() as cursor:
        cursor.execute(
            statement,
            {
                "clocks": json.dumps(clocks),
                "first": _key(first),
                "last": _key(last),
                "since": connection.ops.adapt_datefield_value(since.date()),
                "at": connection.ops.adapt_datetimefield_value(at),
            },
        )
        return max(int(cursor.rowcount), 0)


def offsets(zones: Iterable[str], *, first: dt.datetime, until: dt.datetime) -> list[Offset]:
    """How far ahead of UTC the clocks of the zones were, all through the period, to the minute at which they were moved."""
    found = []
    for name in zones:
        zone = ZoneInfo(name)
        begins, ahead, day = first, _ahead(first, zone), first
        while day < until:
            following = min(day + 24 * HOUR, until)
            if _ahead(following, zone) != ahead:
                moved_at = _moved_at(day, following, zone)
                found.append(Offset(name, int(begins.timestamp()), int(moved_at.timestamp()), ahead))
                begins, ahead = moved_at, _ahead(moved_at, zone)
            day = following
        found.append(Offset(name, int(begins.timestamp()), int(until.timestamp()), ahead))
    return found


def _moved_at(before: dt.datetime, after: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    """The first minute, between the two, at which the clocks show what they show after."""
    was = _ahead(before, zone)
    while after - before > MINUTE:
        middle = before + MINUTE * ((after - before) // (2 * MINUTE))
        before, after = (middle, after) if _ahead(middle, zone) == was else (before, middle)
    return after


def _ahead(at: dt.datetime, zone: ZoneInfo) -> int:
    offset = at.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _key(pk: UUID) -> Any:
    return User._meta.pk.get_db_prep_value(pk, connection)
