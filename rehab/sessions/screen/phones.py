"""The phone numbers of the help page."""

from typing import NamedTuple

from django.utils.translation import gettext as _

from accounts.models import Clinic


class Call(NamedTuple):
    """One phone number to tap."""

    name: str
    number: str
    href: str
    is_emergency: bool


def calls(clinic: Clinic) -> list[Call]:
    """The clinic's and the emergency phone, as far as the clinic has stored them."""
    found = [
        Call(clinic.name, clinic.phone, f"tel:{_dial(clinic.phone)}", is_emergency=False),
        Call(
            clinic.emergency_name or _("Emergency clinic"),
            clinic.emergency_phone,
            f"tel:{_dial(clinic.emergency_phone)}",
            is_emergency=True,
        ),
    ]
    return [call for call in found if call.number]


def _dial(number: str) -> str:
    return "".join(sign for sign in number if sign.isdecimal() or sign in "+*#")
