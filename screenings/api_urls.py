from django.urls import path

from screenings import api

urlpatterns = [
    path("catalogue", api.CatalogueView.as_view(), name="catalogue"),
    path("playlists", api.PlaylistsView.as_view(), name="playlists"),
    path("playlists/<uuid:pk>", api.PlaylistView.as_view(), name="playlist"),
    path("playlists/<uuid:pk>/items", api.PlaylistItemsView.as_view(), name="playlist-items"),
    path(
        "playlists/<uuid:pk>/packages",
        api.PlaylistPackagesView.as_view(),
        name="playlist-packages",
    ),
    path("packages/<uuid:pk>", api.PackageView.as_view(), name="package"),
]
