"""Text that fits on one line and hides nothing."""

import unicodedata

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

# Format characters that letters of living scripts and emoji need: the two zero-width joiners.
_ALLOWED_FORMAT = frozenset("\u200c\u200d")


def validate_one_line(value: str) -> None:
    """Refuse line breaks, NUL, control characters and marks that turn the writing direction round.

    A name is printed in mail headers, log lines and beside other names.
    """
    for character in value:
        category = unicodedata.category(character)
        if category in {"Cc", "Cs", "Zl", "Zp"} or (category == "Cf" and character not in _ALLOWED_FORMAT):
            raise ValidationError(
                _("There is a hidden character in this text. Please type it again."), code="hidden_character"
            )
