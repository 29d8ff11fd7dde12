"""`manage.py createclinic`: the first clinic of an installation, and the vet who runs it."""

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts.actions import add_membership, create_clinic, get_or_create_person
from accounts.models import Clinic, Membership, User
from rehab.lib.plain_text import validate_one_line

ROLES = (Membership.Role.VET, Membership.Role.ADMIN)


class Command(BaseCommand):
    help = "Create a clinic and its first person, who is vet and admin of it; nobody else can sign in before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", required=True, metavar="NAME", help="name of the clinic")
        parser.add_argument("--email", required=True, help="where the person's sign-in codes go")
        parser.add_argument("--person", required=True, metavar="NAME", help='such as "Dr. Vera Sol"')
        parser.add_argument("--time-zone", required=True, metavar="ZONE", help="such as Europe/Madrid")
        parser.add_argument("--language", default=User.Language.ENGLISH, choices=User.Language.values)
        parser.add_argument("--phone", default="", help="shown to owners")
        parser.add_argument("--emergency-name", default="", metavar="NAME", help="who answers at night")
        parser.add_argument("--emergency-phone", default="", metavar="PHONE", help="shown to owners")

    def handle(self, *args: Any, **options: Any) -> None:
        at = timezone.now()
        zone = options["time_zone"]
        clinic_fields = {
            "time_zone": zone,
            "phone": options["phone"],
            "emergency_name": options["emergency_name"],
            "emergency_phone": options["emergency_phone"],
        }
        email = options["email"].strip().lower()
        try:
            for text in (options["clinic"], options["person"], email, *clinic_fields.values()):
                validate_one_line(text)
            Clinic(name=options["clinic"], **clinic_fields).full_clean()
            User(email=email, name=options["person"], time_zone=zone).full_clean(
                exclude=["password"], validate_unique=False
            )
        except ValidationError as error:
            raise CommandError("; ".join(error.messages)) from error
        if Clinic.objects.filter(name=options["clinic"]).exists():
            raise CommandError(f"There is already a clinic named “{options['clinic']}”. Nothing was changed.")

        with transaction.atomic():
            clinic = create_clinic(name=options["clinic"], by=None, at=at, **clinic_fields)
            user = get_or_create_person(
                email=email,
                name=options["person"],
                time_zone=zone,
                language=options["language"],
                by=None,
                at=at,
                clinic_id=clinic.pk,
            )
            for role in ROLES:
                add_membership(user=user, clinic=clinic, role=role, by=None, at=at)

        self.stdout.write(f"“{clinic.name}” is open, and {email} is its vet and admin.")
        self.stdout.write(
            f"Next: open {settings.BASE_URL}/accounts/login/, ask for a code, and register the first dog."
        )
