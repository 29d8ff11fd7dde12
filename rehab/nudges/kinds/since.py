"""How long ago an instant of the database is, as SQL for both databases; ``%(at)s`` is the planner's instant."""

from typing import Final

from django.db import connection

SECONDS: Final = {
    "postgresql": "CAST(FLOOR(EXTRACT(EPOCH FROM CAST(%(at)s AS timestamptz)) - EXTRACT(EPOCH FROM {column})) AS int)",
    "sqlite": "(CAST(strftime('%%s', %(at)s) AS int) - CAST(strftime('%%s', {column}) AS int))",
}


def minutes(column: str) -> str:
    """Whole minutes since the instant in the column."""
    return f"({SECONDS[connection.vendor].format(column=column)} / 60)"


def days(column: str, *, clock: str) -> str:
    """How many local days the instant is back, 0 for today, by a zone's ``clock`` (a row of ``zone``).

    Where a day has changed its length since, the hour before its midnight counts as the day after.
    """
    since = minutes(column)
    return f"(CASE WHEN {since} <= {clock}.minute THEN 0 ELSE 1 + ({since} - {clock}.minute - 1) / 1440 END)"
