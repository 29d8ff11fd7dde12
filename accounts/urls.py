from django.urls import path

from accounts import views

app_name = "accounts"

urlpatterns = [
    path("settings/", views.settings_edit, name="settings"),
    path("people/", views.people, name="people"),
    path("demo/", views.demo, name="demo"),
    path("demo/<slug:persona>/", views.demo_sign_in, name="demo-sign-in"),
]
