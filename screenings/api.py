"""Screenings over HTTP: what may be shown, playlists, packages."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.generics import GenericAPIView, ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import user_of
from accounts.permissions import scope
from accounts.roles import SCREENERS
from screenings import packages, playlists
from screenings.catalogue import entries, narrowed, screenable
from screenings.models import Package, Playlist
from screenings.serializers import (
    CatalogueEntrySerializer,
    CatalogueQuery,
    NewPlaylist,
    PackageSerializer,
    PlaylistDetailSerializer,
    PlaylistFacts,
    PlaylistItemsSerializer,
    PlaylistSerializer,
)
from stories.models import StoryQuerySet


class CatalogueView(GenericAPIView[Any]):
    """What may be screened now in the caller's programmes, newest first."""

    roles = SCREENERS
    serializer_class = CatalogueEntrySerializer
    ordering = ("-published_at", "pk")

    def get_queryset(self) -> StoryQuerySet:
        query = CatalogueQuery(data=self.request.query_params)
        query.is_valid(raise_exception=True)
        asked = query.validated_data
        stories = screenable(
            scope(self.request, *self.roles), at=timezone.now(), place=asked.get("place")
        )
        return narrowed(
            stories, language=asked.get("language"), longest_s=asked.get("max_duration_s")
        ).select_related("programme")

    @extend_schema(parameters=[CatalogueQuery], responses=CatalogueEntrySerializer(many=True))
    def get(self, request: Request) -> Response:
        """URLs in it are signed for the caller and last some minutes."""
        page = self.paginate_queryset(self.get_queryset()) or []
        found: Any = entries(page)
        shown = CatalogueEntrySerializer(found, many=True, context={"request": request})
        return self.get_paginated_response(shown.data)


def playlists_of(request: Request) -> QuerySet[Playlist]:
    programmes = scope(request, *SCREENERS)
    return Playlist.objects.filter(programme__in=programmes).select_related("programme")


class PlaylistsView(ListAPIView[Playlist]):
    roles = SCREENERS
    serializer_class = PlaylistSerializer
    ordering = ("-changed_at", "pk")

    def get_queryset(self) -> QuerySet[Playlist]:
        return playlists_of(self.request)

    @extend_schema(request=NewPlaylist, responses={201: PlaylistDetailSerializer})
    def post(self, request: Request) -> Response:
        given = NewPlaylist(data=request.data)
        given.is_valid(raise_exception=True)
        facts: dict[str, Any] = dict(given.validated_data)
        programme = get_object_or_404(scope(request, *SCREENERS), slug=facts.pop("programme"))
        playlist = playlists.create(programme, by=user_of(request), **facts)
        return Response(PlaylistDetailSerializer(playlist).data, status=status.HTTP_201_CREATED)


class PlaylistView(GenericAPIView[Playlist]):
    roles = SCREENERS
    serializer_class = PlaylistDetailSerializer

    def get_queryset(self) -> QuerySet[Playlist]:
        return playlists_of(self.request)

    def get(self, request: Request, pk: UUID) -> Response:
        return Response(PlaylistDetailSerializer(self.get_object()).data)

    @extend_schema(request=PlaylistFacts, responses=PlaylistDetailSerializer)
    def patch(self, request: Request, pk: UUID) -> Response:
        """Name, place or language of the debate; what isn't sent stays."""
        playlist = self.get_object()
        given = PlaylistFacts(data=request.data, partial=True)
        given.is_valid(raise_exception=True)
        playlists.rename(playlist, by=user_of(request), **given.validated_data)
        return Response(PlaylistDetailSerializer(playlist).data)


class PlaylistItemsView(GenericAPIView[Playlist]):
    roles = SCREENERS
    serializer_class = PlaylistItemsSerializer

    def get_queryset(self) -> QuerySet[Playlist]:
        return playlists_of(self.request)

    @extend_schema(request=PlaylistItemsSerializer, responses=PlaylistDetailSerializer)
    def put(self, request: Request, pk: UUID) -> Response:
        """Replace the content by these stories, in this order."""
        playlist = self.get_object()
        given = PlaylistItemsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        playlists.set_items(playlist, given.validated_data["stories"], by=user_of(request))
        return Response(PlaylistDetailSerializer(playlist).data)


class PlaylistPackagesView(GenericAPIView[Any]):
    roles = SCREENERS
    serializer_class = PackageSerializer

    def get_queryset(self) -> QuerySet[Playlist]:
        return playlists_of(self.request)

    @extend_schema(request=None, responses={202: PackageSerializer})
    def post(self, request: Request, pk: UUID) -> Response:
        """Ask for a package of what the playlist holds now; look at it until it is made."""
        package = packages.request(self.get_object(), by=user_of(request))
        body = PackageSerializer(package, context={"download_url": None})
        return Response(body.data, status=status.HTTP_202_ACCEPTED)


class PackageView(GenericAPIView[Package]):
    roles = SCREENERS
    serializer_class = PackageSerializer

    def get_queryset(self) -> QuerySet[Package]:
        return Package.objects.filter(playlist__in=playlists_of(self.request)).select_related(
            "playlist__programme"
        )

    def get(self, request: Request, pk: UUID) -> Response:
        """Once it is made, with an address to download it from; that it was given is recorded."""
        package = self.get_object()
        is_current = packages.is_current(package, at=timezone.now())
        address = packages.hand_out(package, by=user_of(request)) if is_current else None
        return Response(PackageSerializer(package, context={"download_url": address}).data)
