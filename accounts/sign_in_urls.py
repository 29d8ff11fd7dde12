"""The pages of django-allauth that are in use, under the names by which it calls them."""

from django.urls import path

from accounts import views

urlpatterns = [
    path("login/", views.sign_in, name="account_request_login_code"),
    # allauth sends people to either name; there is one page.
    path("login/", views.sign_in, name="account_login"),
    path("login/code/", views.confirm_code, name="account_confirm_login_code"),
    path("logout/", views.sign_out, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("signup/", views.sign_up_closed, name="account_signup"),
]
