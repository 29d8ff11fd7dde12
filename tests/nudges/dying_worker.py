"""Delivers one batch in a process of its own: `python -m tests.nudges.dying_worker <instant>`."""

import datetime as dt
import sys

import django


def main(at: str) -> None:
    django.setup()
    from rehab.nudges.actions import deliver_batch

    deliver_batch(at=dt.datetime.fromisoformat(at))


if __name__ == "__main__":
    main(*sys.argv[1:])
