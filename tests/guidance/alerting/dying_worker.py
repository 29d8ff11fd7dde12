"""Delivers one batch in a process of its own: `python -m tests.guidance.alerting.dying_worker <instant>`."""

import datetime as dt
import sys

import django


def main(at: str) -> None:
    django.setup()
    from rehab.guidance.alerting.delivering import deliver_alerts

    deliver_alerts(at=dt.datetime.fromisoformat(at))


if __name__ == "__main__":
    main(*sys.argv[1:])
