"""Every address of Steadyback, put together from the apps; each app's paths are written in full in its own file."""

from django.urls import include, path

from rehab import pwa
from rehab.views import home

urlpatterns = [
    path("", home, name="home"),
    # Patterns are tried in order, and most requests are a family's: its pages come first.
    path("", include("rehab.sessions.urls")),
    path("sw.js", pwa.worker, name="worker"),
    path("manifest.webmanifest", pwa.manifest, name="manifest"),
    path("offline/", pwa.offline, name="offline"),
    path("accounts/", include("accounts.sign_in_urls")),
    path("", include("accounts.urls")),
    path("", include("rehab.library.urls")),
    path("", include("rehab.patients.urls")),
    path("", include("rehab.programs.urls")),
    path("", include("rehab.guidance.urls")),
    path("", include("rehab.nudges.urls")),
    path("", include("rehab.api.urls")),
    path("", include("rehab.ops.urls")),
]

handler500 = "rehab.lib.errors.server_error"
