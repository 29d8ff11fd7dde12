from django.conf import settings
from django.db import models


class Item(models.Model):
    """A row of the 10 KB page."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    title = models.CharField(max_length=120)
    detail = models.TextField()
    sets = models.PositiveSmallIntegerField(default=3)
    reps = models.PositiveSmallIntegerField(default=10)


class Entry(models.Model):
    """The one INSERT."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE)
    value = models.PositiveSmallIntegerField()
    created = models.DateTimeField(auto_now_add=True)
