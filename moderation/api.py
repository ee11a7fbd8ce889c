"""Cases over HTTP: the queue, one case, and the decisions on it."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet, TextChoices
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.callers import user_of
from accounts.permissions import scope
from accounts.roles import DECIDERS, REVIEWERS, Role
from moderation import cases, claims
from moderation.cards import cards, with_stories
from moderation.dossier import open_dossier
from moderation.models import Case, CaseQuerySet
from moderation.serializers import (
    CardSerializer,
    ChecklistSerializer,
    DossierSerializer,
    ReasonSerializer,
)
from stories.api import StorySerializer
from stories.models import Story


class Which(TextChoices):
    OPEN = "open", _("Open")
    CLOSED = "closed", _("Closed")
    ALL = "all", _("All")


class QueueFilter(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=Which.choices, default=Which.OPEN)
    mine = serializers.BooleanField(default=False)


@extend_schema_view(
    get=extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=Which.values, description="Default: open."),
            OpenApiParameter("mine", bool, description="Only those that the caller has claimed."),
        ],
        responses=CardSerializer(many=True),
    )
)
class CasesView(GenericAPIView[Case]):
    """The queue, longest waiting first."""

    roles = REVIEWERS
    serializer_class: Any = CardSerializer
    queryset = Case.objects.all()
    ordering = ("opened_at", "pk")

    def get(self, request: Request) -> Response:
        page = self.paginate_queryset(self._asked_for(request))
        shown = cards(page or (), viewer=user_of(request))
        return self.get_paginated_response([CardSerializer(card).data for card in shown])

    def _asked_for(self, request: Request) -> CaseQuerySet:
        asked = QueueFilter(data=request.query_params)
        asked.is_valid(raise_exception=True)
        found = with_stories(Case.objects.of_programmes(scope(request, *self.roles)))
        if asked.validated_data["mine"]:
            return found.claimed_by(user_of(request), at=timezone.now())
        match asked.validated_data["state"]:
            case Which.OPEN:
                return found.open()
            case Which.CLOSED:
                return found.closed()
        return found


class CaseView(GenericAPIView[Case]):
    """Everything that a decision needs; of a withdrawn story only that it was withdrawn."""

    roles: tuple[Role, ...] = REVIEWERS
    serializer_class: Any = DossierSerializer

    def get_queryset(self) -> QuerySet[Case]:
        return with_stories(Case.objects.of_programmes(scope(self.request, *self.roles)))

    def answer(self, case: Case) -> Response:
        fresh = self.get_queryset().get(pk=case.pk)
        dossier = open_dossier(fresh, viewer=user_of(self.request))
        return Response(DossierSerializer(dossier).data)

    @extend_schema(responses=DossierSerializer)
    def get(self, request: Request, pk: UUID) -> Response:
        return self.answer(self.get_object())


class StepView(CaseView):
    """A step on a case answers with the case as it is then."""

    roles = DECIDERS
    http_method_names = ["post", "options"]

    def body(self) -> dict[str, Any]:
        given = self.get_serializer(data=self.request.data)
        given.is_valid(raise_exception=True)
        return dict(given.validated_data)


class ClaimView(StepView):
    @extend_schema(request=None, responses=DossierSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Take the case for 30 minutes; again renews it. 409 `case_claimed` says who has it."""
        return self.answer(claims.claim(self.get_object(), by=user_of(request)))


class ReleaseView(StepView):
    @extend_schema(request=None, responses=DossierSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Leave the case to others."""
        return self.answer(claims.release(self.get_object(), by=user_of(request)))


class ApproveView(StepView):
    serializer_class = ChecklistSerializer

    @extend_schema(request=ChecklistSerializer, responses=DossierSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Give the first of two approvals; the case must be claimed."""
        return self.answer(cases.approve(self.get_object(), by=user_of(request), **self.body()))


class ConfirmView(StepView):
    serializer_class = ChecklistSerializer

    @extend_schema(request=ChecklistSerializer, responses=DossierSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Approve as the second person, which publishes where that is the programme's policy."""
        return self.answer(cases.confirm(self.get_object(), by=user_of(request), **self.body()))


class RequestChangesView(StepView):
    serializer_class = ReasonSerializer

    @extend_schema(request=ReasonSerializer, responses=DossierSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Send the story back to its collector, who reads the reason."""
        case = self.get_object()
        return self.answer(cases.request_changes(case, by=user_of(request), **self.body()))


class RejectView(StepView):
    serializer_class = ReasonSerializer

    @extend_schema(request=ReasonSerializer, responses=DossierSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """End the story's way for good."""
        return self.answer(cases.reject(self.get_object(), by=user_of(request), **self.body()))


class PublishView(GenericAPIView[Story]):
    """For programmes in which a coordinator says when an approved story may be screened."""

    roles = (Role.COORDINATOR,)
    serializer_class = StorySerializer

    @extend_schema(request=None, responses=StorySerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        """Publish an approved story."""
        stories = Story.objects.of_programmes(scope(request, *self.roles))
        story = get_object_or_404(stories, pk=pk)
        story.publish(by=user_of(request))
        return Response(StorySerializer(story).data)
