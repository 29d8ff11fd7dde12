"""The numbers of a rule as they are stored: days and moments as ISO texts."""

import json
from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder


def plain(numbers: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers as JSON keeps them."""
    found: dict[str, Any] = json.loads(json.dumps(dict(numbers), cls=DjangoJSONEncoder))
    return found
