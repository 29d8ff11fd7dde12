"""The name under which a phone keeps what belongs to one account."""

from typing import Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.utils.crypto import salted_hmac

NOBODY: Final = "-"
SALT: Final = "rehab.lib.user_key"
LENGTH: Final = 16


def user_key(user: AbstractBaseUser | AnonymousUser) -> str:
    """Return the account's name on its phones, "-" when nobody has signed in.

    A phone may be shared: stored pages and unsent records carry this key, so that nobody sees or sends those of
    another. It tells nothing about the person. It lasts as long as SECRET_KEY does.
    """
    if not user.is_authenticated:
        return NOBODY
    return salted_hmac(SALT, str(user.pk), algorithm="sha256").hexdigest()[:LENGTH]
