"""One user, twenty items, one session; prints the cookies as JSON."""

import json

from bare.models import Item
from django.contrib.auth import (
    BACKEND_SESSION_KEY,
    HASH_SESSION_KEY,
    SESSION_KEY,
    get_user_model,
)
from django.contrib.sessions.backends.db import SessionStore
from django.core.management.base import BaseCommand

DETAIL = (
    "Sit tall, straighten the knee slowly, hold for five seconds, then lower under control. "
    "Stop if pain rises above 5 out of 10. Breathe normally throughout."
)


class Command(BaseCommand):
    def handle(self, **options):
        user = get_user_model().objects.create_user("bench")
        Item.objects.bulk_create(
            Item(owner=user, title=f"Exercise {n}: seated knee extension", detail=DETAIL) for n in range(1, 21)
        )
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.create()
        self.stdout.write(json.dumps({"sessionid": session.session_key, "csrftoken": "a" * 32}))
