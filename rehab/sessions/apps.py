from django.apps import AppConfig


class SessionsConfig(AppConfig):
    name = "rehab.sessions"
    # django.contrib.sessions owns the label "sessions".
    label = "rehab_sessions"
