"""The name under which a phone keeps what belongs to one account."""

from typing import Final

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

NOBODY: Final = "-"


def user_key(user: AbstractBaseUser | AnonymousUser) -> str:
    """Return the account's name on its phones, "-" when nobody has signed in.

    A phone may be shared: stored pages and unsent records carry this key, so that nobody sees or sends those of
    another. It is drawn by lot once, tells nothing about the person and lasts as long as the account: what waits on a
    phone outlives every secret of the installation.
    """
    if not user.is_authenticated:
        return NOBODY
    key: str = user.phone_key  # type: ignore[attr-defined] # a column of accounts.User, which lies above this package
    return key
