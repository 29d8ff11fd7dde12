"""From an unfinished day to a message: plan rows, claim some, deliver them, write down what became of each.

The row is the queue. A worker that dies leaves a lease that runs out, and another sends the row under the
same key; so a message is never lost, and doubled only if the worker dies between the mail server's
"accepted" and our commit.
"""

from rehab.nudges.actions.claiming import Lease, claim, wake_ups
from rehab.nudges.actions.delivery import deliver_batch
from rehab.nudges.actions.planning import plan
from rehab.nudges.actions.preference import set_preference, stop_reminders

__all__ = [
    "Lease",
    "claim",
    "deliver_batch",
    "plan",
    "set_preference",
    "stop_reminders",
    "wake_ups",
]
