from django.urls import path

from rehab.programs.views import assigning, changing, handout, history, ladders, lifecycle, signing, stepping, teaching

app_name = "programs"

urlpatterns = [
    path("patients/<uuid:pk>/program/assign/", assigning.program_assign, name="program-assign"),
    path("patients/<uuid:pk>/ladders/start/", ladders.ladder_start, name="ladder-start"),
    path("programs/<uuid:pk>/", history.program_history, name="program-history"),
    path("programs/<uuid:pk>/handout/", handout.program_handout, name="handout"),
    path("programs/<uuid:pk>/add/", changing.exercise_add, name="exercise-add"),
    path("prescriptions/<uuid:pk>/change/", changing.prescription_change, name="prescription-change"),
    path("prescriptions/<uuid:pk>/remove/", changing.prescription_remove, name="prescription-remove"),
    path(
        "prescriptions/<uuid:pk>/decide/<slug:kind>/",
        stepping.prescription_decide,
        name="prescription-decide",
    ),
    path("prescriptions/<uuid:pk>/easier/", stepping.prescription_easier, name="prescription-easier"),
    path("prescriptions/<uuid:pk>/harder/", stepping.prescription_harder, name="prescription-harder"),
    path("prescriptions/<uuid:pk>/teach/", teaching.prescription_teach, name="prescription-teach"),
    path("programs/<uuid:pk>/undo/", stepping.step_undo, name="step-undo"),
    path("programs/<uuid:pk>/teach/", teaching.program_teach, name="program-teach"),
    path("programs/<uuid:pk>/pause/", lifecycle.program_pause, name="program-pause"),
    path("programs/<uuid:pk>/resume/", lifecycle.program_resume, name="program-resume"),
    path("programs/<uuid:pk>/end/", lifecycle.program_end, name="program-end"),
    path("definitions/<uuid:pk>/effect/", signing.definition_effect, name="definition-effect"),
    path("definitions/<uuid:pk>/sign/", signing.definition_sign, name="definition-sign"),
]
