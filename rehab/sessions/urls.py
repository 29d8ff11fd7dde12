import datetime as dt

from django.urls import path, register_converter

from rehab.sessions.views import answering, days, reading


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
    path("today/", days.today_home, name="today-home"),
    path("dogs/<uuid:patient_id>/today/", days.today, name="today"),
    path("dogs/<uuid:patient_id>/day/<day:day>/", days.day, name="day"),
    path("dogs/<uuid:patient_id>/commands/", answering.command, name="command"),
    path("dogs/<uuid:patient_id>/exercise/<uuid:prescription_id>/", reading.exercise, name="exercise"),
    path("dogs/<uuid:patient_id>/media/<uuid:media_id>/", reading.exercise_media, name="exercise-media"),
    path("dogs/<uuid:patient_id>/progress/", reading.progress, name="progress"),
    path("dogs/<uuid:patient_id>/help/", reading.help_page, name="help"),
]
