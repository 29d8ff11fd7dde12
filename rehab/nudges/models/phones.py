"""The phones and browsers that let us show a message."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from accounts.models import User
from rehab.lib.ids import new_id


class PushSubscription(models.Model):
    """One browser of one person that asked for messages (W3C Push API); gone as soon as its push service says so.

    ``endpoint_hash`` is the SHA-256 of the endpoint, because an address of up to 1 KB is no key. ``session_hash`` is that of
    the session that subscribed: signing out ends the subscription with it. ``key`` and ``auth`` are base64url, as the
    browser gives them.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey(User, models.CASCADE, related_name="push_subscriptions")
    endpoint = models.CharField(max_length=1024)
    endpoint_hash = models.CharField(max_length=64, unique=True)
    key = models.CharField(max_length=128)
    auth = models.CharField(max_length=64)
    session_hash = models.CharField(max_length=64, blank=True)
    # What the person calls it: “Chrome on Android”; from the browser's own words, never shown to others.
    label = models.CharField(max_length=80, blank=True)
    created_at = models.DateTimeField()
    last_sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["session_hash"], name="subscription_by_session")]

    def __str__(self) -> str:
        return f"PushSubscription {self.pk}"
