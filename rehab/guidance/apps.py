from django.apps import AppConfig


class GuidanceConfig(AppConfig):
    name = "rehab.guidance"
    label = "guidance"
