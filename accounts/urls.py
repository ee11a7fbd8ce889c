from django.urls import path

from accounts import views

app_name = "accounts"
urlpatterns = [
    path("", views.home, name="home"),
    path("sign-in", views.sign_in, name="sign-in"),
    path("sign-out", views.sign_out, name="sign-out"),
    path("programmes", views.programmes, name="programmes"),
    path("programmes/<slug:slug>", views.programme, name="programme"),
    path("programmes/<slug:slug>/enrol", views.enrol, name="enrol"),
    path("programmes/<slug:slug>/phones/<uuid:pk>/revoke", views.revoke, name="revoke"),
]
