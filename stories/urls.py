from django.urls import path

from stories import pages

app_name = "stories"
urlpatterns = [
    path("stories", pages.story_list, name="list"),
    path("stories/<uuid:pk>", pages.story, name="story"),
    path("stories/<uuid:pk>/retry", pages.retry, name="retry"),
    path("stories/<uuid:pk>/original", pages.original, name="original"),
    path("stories/<uuid:pk>/withdraw", pages.withdraw, name="withdraw"),
    path("stories/<uuid:pk>/erase", pages.erase, name="erase"),
]
