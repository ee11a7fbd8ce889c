from django.urls import path

from screenings import pages

app_name = "screenings"
urlpatterns = [
    path("screenings", pages.catalogue, name="catalogue"),
    path("screenings/playlists", pages.playlist_list, name="playlists"),
    path("screenings/playlists/<uuid:pk>", pages.playlist, name="playlist"),
    path("screenings/playlists/<uuid:pk>/details", pages.details, name="details"),
    path("screenings/playlists/<uuid:pk>/add", pages.add, name="add"),
    path("screenings/playlists/<uuid:pk>/move", pages.move, name="move"),
    path("screenings/playlists/<uuid:pk>/remove", pages.remove, name="remove"),
    path("screenings/playlists/<uuid:pk>/packages", pages.make_package, name="make-package"),
    path("screenings/packages/<uuid:pk>", pages.package, name="package"),
    path("screenings/packages/<uuid:pk>/download", pages.download, name="download"),
]
