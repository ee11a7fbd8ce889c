from django.urls import path

from moderation import pages

app_name = "moderation"
urlpatterns = [
    path("moderation", pages.queue, name="queue"),
    path("moderation/cases/<uuid:pk>", pages.case, name="case"),
    path("moderation/cases/<uuid:pk>/claim", pages.claim, name="claim"),
    path("moderation/cases/<uuid:pk>/stay", pages.stay, name="stay"),
    path("moderation/cases/<uuid:pk>/release", pages.release, name="release"),
    path("moderation/cases/<uuid:pk>/approve", pages.approve, name="approve"),
    path("moderation/cases/<uuid:pk>/confirm", pages.confirm, name="confirm"),
    path(
        "moderation/cases/<uuid:pk>/request-changes",
        pages.request_changes,
        name="request-changes",
    ),
    path("moderation/cases/<uuid:pk>/reject", pages.reject, name="reject"),
    path("moderation/cases/<uuid:pk>/publish", pages.publish, name="publish"),
    path("moderation/cases/<uuid:pk>/transcript", pages.replace_transcript, name="transcribe"),
    path("moderation/cases/<uuid:pk>/transcript.<slug:form>", pages.transcript, name="transcript"),
    path("moderation/cases/<uuid:pk>/footage", pages.footage, name="footage"),
]
