from django.apps import AppConfig


class ProgramsConfig(AppConfig):
    name = "rehab.programs"
    label = "programs"
