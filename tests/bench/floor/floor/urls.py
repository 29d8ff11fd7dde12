from bare import views
from django.urls import path

urlpatterns = [
    path("page/", views.page),  # session, user, one SELECT, a template of about 10 KB
    path("entry/", views.entry),  # session, user, CSRF, one INSERT
]
