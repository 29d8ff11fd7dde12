"""A clinic's own exercises and protocols: new ones, changed copies of built-in ones, and their versions.

What is written here keeps the rules of the content files, because it is checked by the same functions. A change never
edits a row that something may refer to: it makes the next version and supersedes the one before.
"""

from rehab.library.own.rules import WrongContent
from rehab.library.own.saving import AlreadyCreated, Shown, save_exercise, save_protocol
from rehab.library.own.versions import ContentChanged, StillUsed, restore, retire

__all__ = [
    "AlreadyCreated",
    "ContentChanged",
    "Shown",
    "StillUsed",
    "WrongContent",
    "restore",
    "retire",
    "save_exercise",
    "save_protocol",
]
