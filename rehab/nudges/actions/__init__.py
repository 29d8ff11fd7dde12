"""From an unfinished day to a message: plan rows, claim some, deliver them, write down what became of each.

The row is the queue. A worker that dies leaves a lease that runs out, and another sends the row under the
same key; so a message is never lost, and doubled only if the worker dies between the mail server's
"accepted" and our commit.
"""

from rehab.nudges.actions.claiming import Lease, claim, wake_ups
from rehab.nudges.actions.delivery import deliver_batch
from rehab.nudges.actions.habit import learn_habits
from rehab.nudges.actions.measuring import measure, set_measures
from rehab.nudges.actions.planning import plan
from rehab.nudges.actions.preference import (
    Wish,
    end_snooze,
    set_preference,
    snooze,
    stop_all,
    stop_reminders,
    wish_of,
)
from rehab.nudges.actions.seen import mark_seen

__all__ = [
    "Lease",
    "Wish",
    "claim",
    "deliver_batch",
    "end_snooze",
    "learn_habits",
    "mark_seen",
    "measure",
    "plan",
    "set_measures",
    "set_preference",
    "snooze",
    "stop_all",
    "stop_reminders",
    "wake_ups",
    "wish_of",
]
