from django.urls import path

from rehab.nudges import views

app_name = "nudges"
urlpatterns = [
    path("nudges/", views.preferences, name="preferences"),
    path("nudges/stop/<str:token>/", views.unsubscribe, name="unsubscribe"),
]
