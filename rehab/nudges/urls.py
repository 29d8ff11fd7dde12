from django.urls import path

from rehab.nudges import views

app_name = "nudges"
urlpatterns = [
    path("nudges/", views.preferences, name="preferences"),
    path("nudges/undo/", views.preferences_undo, name="preferences-undo"),
    path("nudges/break/", views.preferences_break, name="preferences-break"),
    path("nudges/push/", views.push_subscription, name="push"),
    path("nudges/stop/<str:token>/", views.unsubscribe, name="unsubscribe"),
    path("nudges/snooze/<str:token>/", views.snooze, name="snooze"),
    path("nudges/seen/<str:token>/", views.seen, name="seen"),
    path("clinics/<uuid:pk>/nudges/", views.texts, name="texts"),
    path("clinics/<uuid:pk>/nudges/words/<str:kind>/<str:language>/", views.text, name="text"),
    path("clinics/<uuid:pk>/nudges/words/<str:kind>/<str:language>/preview/", views.text_preview, name="text-preview"),
    path("clinics/<uuid:pk>/nudges/effect/", views.effect, name="effect"),
    path("mail/events/", views.mail_events, name="mail-events"),
]
