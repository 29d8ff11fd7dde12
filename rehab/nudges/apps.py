from django.apps import AppConfig


class NudgesConfig(AppConfig):
    name = "rehab.nudges"
    label = "nudges"
