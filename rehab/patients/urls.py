from django.urls import path

from rehab.patients import join
from rehab.patients.views import caregivers, definitions, dogs, observations, scores

app_name = "patients"

urlpatterns = [
    path("patients/new/", dogs.patient_create, name="patient-create"),
    path("patients/<uuid:pk>/edit/", dogs.patient_edit, name="patient-edit"),
    path("patients/<uuid:pk>/definition/", definitions.definition_draft, name="definition-draft"),
    path("patients/<uuid:pk>/measures/", observations.observation_create, name="observation-create"),
    path("patients/<uuid:pk>/scores/", scores.scores_page, name="scores"),
    path("patients/<uuid:pk>/scores/<uuid:score_pk>/withdraw/", scores.score_withdraw, name="score-withdraw"),
    path("patients/<uuid:pk>/scores/<uuid:score_pk>/restore/", scores.score_restore, name="score-restore"),
    path("patients/<uuid:pk>/definition/autosave/", definitions.definition_autosave, name="definition-autosave"),
    path("definitions/<uuid:pk>/", definitions.definition_detail, name="definition-detail"),
    path("patients/<uuid:pk>/invite/", caregivers.caregiver_invite, name="caregiver-invite"),
    path("caregivers/<uuid:pk>/end/", caregivers.caregiver_end, name="caregiver-end"),
    path("join/", join.join_confirm, name="join-confirm"),
    path("join/<str:token>/", join.join, name="join"),
]
