from django.urls import path

from moderation import api

urlpatterns = [
    path("cases", api.CasesView.as_view(), name="cases"),
    path("cases/<uuid:pk>", api.CaseView.as_view(), name="case"),
    path("cases/<uuid:pk>/claim", api.ClaimView.as_view(), name="case-claim"),
    path("cases/<uuid:pk>/release", api.ReleaseView.as_view(), name="case-release"),
    path("cases/<uuid:pk>/approve", api.ApproveView.as_view(), name="case-approve"),
    path("cases/<uuid:pk>/confirm", api.ConfirmView.as_view(), name="case-confirm"),
    path(
        "cases/<uuid:pk>/request-changes",
        api.RequestChangesView.as_view(),
        name="case-request-changes",
    ),
    path("cases/<uuid:pk>/reject", api.RejectView.as_view(), name="case-reject"),
    path("stories/<uuid:pk>/publish", api.PublishView.as_view(), name="story-publish"),
]
