from django.urls import path

from rehab.api.clips import clip, clip_parts, clips
from rehab.api.views import commands, session

app_name = "api"

urlpatterns = [
    path("api/v1/commands/", commands, name="commands"),
    path("api/v1/clips/", clips, name="clips"),
    path("api/v1/clips/<uuid:clip_id>/", clip, name="clip"),
    path("api/v1/clips/<uuid:clip_id>/chunks/", clip_parts, name="clip-parts"),
    path("api/v1/session/", session, name="session"),
]
