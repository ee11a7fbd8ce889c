from django.urls import path

from accounts import pages

app_name = "accounts"
urlpatterns = [
    path("", pages.home, name="home"),
    path("sign-in", pages.sign_in, name="sign-in"),
    path("sign-out", pages.sign_out, name="sign-out"),
    path("programmes", pages.programmes, name="programmes"),
    path("programmes/<slug:slug>", pages.programme, name="programme"),
    path("programmes/<slug:slug>/enrol", pages.enrol, name="enrol"),
    path("programmes/<slug:slug>/phones/<uuid:pk>/revoke", pages.revoke, name="revoke"),
]
