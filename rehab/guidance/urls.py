from django.urls import path

from rehab.guidance import views

app_name = "guidance"

urlpatterns = [
    path("patients/", views.worklist, name="worklist"),
    path("patients/<uuid:pk>/", views.patient, name="patient"),
]
