from django.apps import AppConfig


class LibraryConfig(AppConfig):
    name = "rehab.library"
    label = "library"
