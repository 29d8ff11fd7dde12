from django.urls import path

from rehab.programs.views import (
    assigning,
    changing,
    handout,
    history,
    ladders,
    lifecycle,
    pre_approving,
    signing,
    stepping,
    teaching,
)

app_name = "programs"

urlpatterns = [
    path("patients/<uuid:pk>/program/assign/", assigning.program_assign, name="program-assign"),
    path("patients/<uuid:pk>/ladders/start/", ladders.ladder_start, name="ladder-start"),
    path("programs/<uuid:pk>/", history.program_history, name="program-history"),
    path("programs/<uuid:pk>/handout/", handout.program_handout, name="handout"),
    path("prescriptions/<uuid:pk>/remove/", changing.prescription_remove, name="prescription-remove"),
    path("prescriptions/<uuid:pk>/pre-approve/", pre_approving.pre_approve_steps, name="pre-approve"),
    path("prescriptions/<uuid:pk>/pre-approve/end/", pre_approving.pre_approval_end, name="pre-approval-end"),
    path("prescriptions/<uuid:pk>/teach/", teaching.prescription_teach, name="prescription-teach"),
    path("programs/<uuid:pk>/undo/", stepping.step_undo, name="step-undo"),
    path("programs/<uuid:pk>/teach/", teaching.program_teach, name="program-teach"),
    path("programs/<uuid:pk>/pause/", lifecycle.program_pause, name="program-pause"),
    path("programs/<uuid:pk>/resume/", lifecycle.program_resume, name="program-resume"),
    path("programs/<uuid:pk>/end/", lifecycle.program_end, name="program-end"),
    path("definitions/<uuid:pk>/effect/", signing.definition_effect, name="definition-effect"),
    path("definitions/<uuid:pk>/sign/", signing.definition_sign, name="definition-sign"),
]
