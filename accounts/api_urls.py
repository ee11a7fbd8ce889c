from django.urls import path

from accounts import api

urlpatterns = [
    path("auth/token", api.TokenView.as_view(), name="api-token"),
    path("me", api.MeView.as_view(), name="api-me"),
    path("programmes", api.ProgrammesView.as_view(), name="api-programmes"),
    path(
        "programmes/<slug:slug>/enrolment-codes",
        api.EnrolmentCodesView.as_view(),
        name="api-enrolment-codes",
    ),
    path("devices", api.DevicesView.as_view(), name="api-devices"),
    path("devices/<uuid:pk>/revoke", api.RevokeView.as_view(), name="api-device-revoke"),
]
