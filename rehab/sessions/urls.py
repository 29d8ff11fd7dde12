import datetime as dt

from django.urls import path, register_converter

from rehab.sessions import views


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
    path("today/", views.today_home, name="today-home"),
    path("dogs/<uuid:patient_id>/today/", views.today, name="today"),
    path("dogs/<uuid:patient_id>/day/<day:day>/", views.day, name="day"),
    path("dogs/<uuid:patient_id>/commands/", views.command, name="command"),
    path("dogs/<uuid:patient_id>/exercise/<uuid:prescription_id>/", views.exercise, name="exercise"),
    path("dogs/<uuid:patient_id>/progress/", views.progress, name="progress"),
    path("dogs/<uuid:patient_id>/help/", views.help_page, name="help"),
]
