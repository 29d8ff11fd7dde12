"""The five people of the demo clinic; `manage.py demo` creates them and /demo/ signs in as one of them."""

from dataclasses import dataclass
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Persona:
    """An invented person; ``role`` and ``sees`` are what the sign-in page says about them."""

    key: str
    name: str
    icon: str
    role: str | Promise
    sees: str | Promise

    @property
    def email(self) -> str:
        return f"{self.key}@demo.example"


PERSONAS: Final[dict[str, Persona]] = {
    persona.key: persona
    for persona in (
        Persona(
            key="vet",
            name="Dr. Vera Sol",
            icon="stethoscope",
            role=_("Vet"),
            sees=_("The dogs that need a look first, and the next step"),
        ),
        Persona(
            key="therapist",
            name="Tomás Leal",
            icon="activity",
            role=_("Therapist"),
            sees=_("The same dogs, inside what a vet signed"),
        ),
        Persona(
            key="owner",
            name="Ana Ruiz",
            icon="dog",
            role=_("Owner"),
            sees=_("Today’s exercises for her dog; best on a phone"),
        ),
        Persona(
            key="caregiver",
            name="Luis Ruiz",
            icon="users",
            role=_("Caregiver"),
            sees=_("Shares a dog: what one does, the other sees"),
        ),
        Persona(
            key="admin",
            name="Irene Mora",
            icon="shield-check",
            role=_("Admin"),
            sees=_("People and roles of the clinic, no records"),
        ),
    )
}
