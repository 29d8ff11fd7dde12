"""What goes to a phone: plain values, before it is encrypted for each of a person's browsers."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

# The push services take 4,096 bytes, of which encryption needs 103 (RFC 8291).
MOST_BYTES: Final = 3_900
URGENCIES: Final = frozenset({"very-low", "low", "normal", "high"})
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,32}")


@dataclass(frozen=True, kw_only=True)
class PushMessage:
    """One message to a person's phones.

    ``topic`` (RFC 8030, at most 32 url-safe characters) replaces one that still waits under the same topic; ``ttl`` is how
    many seconds the push service keeps it for a phone that is off; ``payload`` is JSON, at most 3,900 bytes.

    Raises: ValueError when a push service would refuse its headers, whatever the phone.
    """

    topic: str
    ttl: int
    urgency: str
    payload: Mapping[str, Any]

    def __post_init__(self) -> None:
        if not TOPIC.fullmatch(self.topic):
            raise ValueError("a topic has 1 to 32 url-safe characters")
        if self.ttl < 0 or self.urgency not in URGENCIES:
            raise ValueError("a life cannot be negative, and urgency is one of four words")

    @property
    def encoded(self) -> bytes:
        """The payload as it is encrypted; what is longer than ``MOST_BYTES`` is not sent."""
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()
