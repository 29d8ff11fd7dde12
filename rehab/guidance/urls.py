from django.urls import path

from rehab.guidance import views

app_name = "guidance"

urlpatterns = [
    path("patients/", views.worklist, name="worklist"),
    path("patients/<uuid:pk>/", views.patient, name="patient"),
    path("patients/<uuid:pk>/release/", views.release, name="release"),
    path("patients/<uuid:pk>/clips/", views.clips, name="clips"),
    path("clips/<uuid:pk>/review/", views.clip_review, name="clip-review"),
    path("patients/<uuid:pk>/signals/", views.signals, name="signals"),
    path("patients/<uuid:pk>/phase/", views.phase, name="phase"),
    path("patients/<uuid:pk>/phase/move/", views.phase_move, name="phase-move"),
    path("patients/<uuid:pk>/ladders/", views.ladders, name="ladders"),
    path("ladder-steps/<uuid:pk>/up/", views.rung_up, name="rung-up"),
    path("ladder-steps/<uuid:pk>/down/", views.rung_down, name="rung-down"),
    path("ladder-steps/<uuid:pk>/end/", views.ladder_end, name="ladder-end"),
]
