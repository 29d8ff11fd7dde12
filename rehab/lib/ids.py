"""Keys that a phone or the server can make without asking anybody: UUID version 7."""

from uuid import UUID

import uuid_utils.compat


def new_id() -> UUID:
    """A fresh UUIDv7: unique, and ordered by time, so that index pages fill in order."""
    return uuid_utils.compat.uuid7()
