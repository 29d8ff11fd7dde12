"""Who the person of a session is. Every request of somebody who has signed in asks this."""

from typing import Any, Final
from uuid import UUID

from allauth.account.auth_backends import AuthenticationBackend as AllauthBackend
from django.db import DEFAULT_DB_ALIAS
from django.db.models import QuerySet

from accounts.models import User
from rehab.lib.prepared import Prepared

COLUMNS: Final = [field.attname for field in User._meta.concrete_fields]


def _person(user: UUID) -> QuerySet[Any, Any]:
    return User.objects.filter(pk=user).values_list(*COLUMNS)


PERSON: Final = Prepared(_person, user=UUID(int=1))


class AuthenticationBackend(AllauthBackend):
    """As allauth's, read without building the query anew at each request."""

    def get_user(self, user_id: UUID) -> User | None:
        rows = PERSON.rows(user=user_id)
        user = User.from_db(DEFAULT_DB_ALIAS, COLUMNS, rows[0]) if rows else None
        return user if user and self.user_can_authenticate(user) else None
