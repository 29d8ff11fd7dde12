import datetime as dt

from django.urls import path, register_converter

from rehab.sessions.views import (
    activities,
    answering,
    checking,
    checkpoint,
    clips,
    days,
    exercising,
    messaging,
    phone,
    progressing,
    reading,
    responding,
)


class DayConverter:
    """A calendar day such as 2026-03-18."""

    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(value)

    def to_url(self, value: dt.date) -> str:
        return value.isoformat()


register_converter(DayConverter, "day")

app_name = "sessions"

urlpatterns = [
    path("phone/outbox/", phone.outbox, name="outbox"),
    path("today/", days.today_home, name="today-home"),
    path("dogs/<uuid:patient_id>/today/", days.today, name="today"),
    path("dogs/<uuid:patient_id>/today/parts/", days.today_parts, name="today-parts"),
    path("dogs/<uuid:patient_id>/day/<day:day>/", days.day, name="day"),
    path("dogs/<uuid:patient_id>/day/<day:day>/parts/", days.day_parts, name="day-parts"),
    path("dogs/<uuid:patient_id>/day/<day:day>/response/", responding.response, name="response"),
    path("dogs/<uuid:patient_id>/commands/", answering.command, name="command"),
    path("dogs/<uuid:patient_id>/exercise/<uuid:prescription_id>/", exercising.exercise, name="exercise"),
    path("dogs/<uuid:patient_id>/exercise/<uuid:prescription_id>/clips/", clips.clip_list, name="clip-list"),
    path("dogs/<uuid:patient_id>/exercise/<uuid:prescription_id>/clips/new/", clips.clip_create, name="clip-create"),
    path("dogs/<uuid:patient_id>/clips/<uuid:clip_id>/media/", clips.clip_media, name="clip-media"),
    path("dogs/<uuid:patient_id>/media/<uuid:media_id>/", reading.exercise_media, name="exercise-media"),
    path("dogs/<uuid:patient_id>/progress/", progressing.progress, name="progress"),
    path("dogs/<uuid:patient_id>/activities/", activities.activities, name="activities"),
    path("dogs/<uuid:patient_id>/check/", checking.check, name="check"),
    path("dogs/<uuid:patient_id>/checkpoint/", checkpoint.checkpoint, name="checkpoint"),
    path("dogs/<uuid:patient_id>/messages/", messaging.messages, name="messages"),
    path("dogs/<uuid:patient_id>/messages/parts/", messaging.messages_parts, name="messages-parts"),
    path("dogs/<uuid:patient_id>/messages/read/", messaging.messages_read, name="messages-read"),
    path("dogs/<uuid:patient_id>/help/", reading.help_page, name="help"),
]
