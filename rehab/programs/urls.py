from django.urls import path

from rehab.programs.views import assigning, changing, history

app_name = "programs"

urlpatterns = [
    path("patients/<uuid:pk>/program/assign/", assigning.program_assign, name="program-assign"),
    path("programs/<uuid:pk>/", history.program_history, name="program-history"),
    path("programs/<uuid:pk>/add/", changing.exercise_add, name="exercise-add"),
    path("prescriptions/<uuid:pk>/change/", changing.prescription_change, name="prescription-change"),
    path("prescriptions/<uuid:pk>/remove/", changing.prescription_remove, name="prescription-remove"),
    path(
        "prescriptions/<uuid:pk>/decide/<slug:kind>/",
        changing.prescription_decide,
        name="prescription-decide",
    ),
]
