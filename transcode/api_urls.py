from django.urls import path, re_path

from transcode import api, transcripts_api

urlpatterns = [
    path("stories/<uuid:pk>/processing", api.ProcessingView.as_view(), name="processing"),
    path(
        "stories/<uuid:pk>/transcript",
        transcripts_api.TranscriptView.as_view(),
        name="transcript",
    ),
    re_path(
        r"^stories/(?P<pk>[0-9a-f-]{36})/transcript\.(?P<form>vtt|srt)$",
        transcripts_api.SubtitlesView.as_view(),
        name="subtitles",
    ),
    path("stories/<uuid:pk>/jobs/<slug:kind>/retry", api.JobRetryView.as_view(), name="job-retry"),
]
