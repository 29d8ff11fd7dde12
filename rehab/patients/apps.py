from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "rehab.patients"
    label = "patients"
