from django.urls import path, re_path

from rehab.library.views import exercises, media, own_exercises, own_protocols, pictures, protocols

app_name = "library"

urlpatterns = [
    path("library/", exercises.exercise_list, name="exercise-list"),
    path("library/exercises/new/", own_exercises.exercise_create, name="exercise-create"),
    path("library/exercises/<uuid:pk>/", exercises.exercise_detail, name="exercise-detail"),
    path("library/exercises/<uuid:pk>/media/", exercises.exercise_media, name="exercise-media"),
    path("library/exercises/<uuid:pk>/copy/", own_exercises.exercise_copy, name="exercise-copy"),
    path("library/exercises/<uuid:pk>/edit/", own_exercises.exercise_edit, name="exercise-edit"),
    path("library/exercises/<uuid:pk>/retire/", own_exercises.exercise_retire, name="exercise-retire"),
    path("library/exercises/<uuid:pk>/restore/", own_exercises.exercise_restore, name="exercise-restore"),
    path("library/protocols/", protocols.protocol_list, name="protocol-list"),
    path("library/protocols/new/", own_protocols.protocol_create, name="protocol-create"),
    path("library/protocols/<uuid:pk>/", protocols.protocol_detail, name="protocol-detail"),
    path("library/protocols/<uuid:pk>/copy/", own_protocols.protocol_copy, name="protocol-copy"),
    path("library/protocols/<uuid:pk>/edit/", own_protocols.protocol_edit, name="protocol-edit"),
    path("library/protocols/<uuid:pk>/retire/", own_protocols.protocol_retire, name="protocol-retire"),
    path("library/protocols/<uuid:pk>/restore/", own_protocols.protocol_restore, name="protocol-restore"),
    path("library/ladders/", protocols.ladder_list, name="ladder-list"),
    path("library/red-flags/", protocols.red_flag_list, name="red-flag-list"),
    path("library/media/<uuid:pk>/", media.media_file, name="media-file"),
    # Each part has its own letters and a limit, so that a long address cannot be read in a thousand ways.
    re_path(
        r"^pictures/(?P<slug>[-a-z0-9_]{1,64})-(?P<version>[0-9a-f]{10})-(?P<kind>[a-z]{1,16})\.svg\Z",
        pictures.picture,
        name="picture",
    ),
]
