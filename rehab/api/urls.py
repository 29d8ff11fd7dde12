from django.urls import path

from rehab.api.views import commands

app_name = "api"

urlpatterns = [
    path("api/v1/commands/", commands, name="commands"),
]
