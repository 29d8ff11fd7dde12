from django.apps import AppConfig
from django.contrib.auth.signals import user_logged_out


class NudgesConfig(AppConfig):
    name = "rehab.nudges"
    label = "nudges"

    def ready(self) -> None:
        from rehab.nudges.push import subscribing  # noqa: PLC0415 (models are not there before)

        user_logged_out.connect(subscribing.end_session, dispatch_uid="rehab.nudges.push")
