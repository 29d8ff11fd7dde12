"""Why a person was reminded on a day, or was not: the rows in words, and where there is none, which condition failed.

For each dog and kind the conditions are looked at in the planner's order, as of the instant at which the kind would have been
planned; the first that failed is the reason. Where none is found the kind's own statement is asked. What nobody can know any
more is said, too.
"""

from rehab.nudges.explaining.case import today_of
from rehab.nudges.explaining.explanation import Explanation, Line, Part, explain

__all__ = ["Explanation", "Line", "Part", "explain", "today_of"]
