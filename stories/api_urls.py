from django.urls import path

from stories import api

urlpatterns = [
    path("stories", api.StoriesView.as_view(), name="stories"),
    path("stories/changes", api.ChangesView.as_view(), name="story-changes"),
    path("stories/<uuid:pk>", api.StoryView.as_view(), name="story"),
    path("stories/<uuid:pk>/submit", api.SubmitView.as_view(), name="story-submit"),
    path("stories/<uuid:pk>/retry", api.RetryView.as_view(), name="story-retry"),
    path("stories/<uuid:pk>/erase", api.EraseView.as_view(), name="story-erase"),
    path("stories/<uuid:pk>/original", api.OriginalView.as_view(), name="original"),
    path(
        "stories/<uuid:pk>/resume-review",
        api.ResumeReviewView.as_view(),
        name="story-resume-review",
    ),
]
