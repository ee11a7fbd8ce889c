"""The accounts API: tokens, programmes, phones."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.signals import user_logged_out
from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from knox.models import AuthToken
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import devices, qr, sign_ins, throttles
from accounts.callers import user_of
from accounts.models import Device, Membership, Programme, User
from accounts.permissions import scope
from accounts.roles import EVERY_ROLE, Role
from accounts.serializers import (
    CredentialsSerializer,
    DeviceSerializer,
    EnrolledSerializer,
    EnrolmentCodeRequestSerializer,
    EnrolmentCodeSerializer,
    EnrolmentSerializer,
    MeSerializer,
    ProgrammeSerializer,
    TokenSerializer,
)
from common.errors import Forbidden


class TokenView(APIView):
    """A token for staff who use the API; it lasts as long as a session on the pages."""

    public = ("POST",)
    roles = {"DELETE": EVERY_ROLE}

    def get_authenticators(self) -> list[BaseAuthentication]:
        """An old token or cookie sent along must not keep anybody from signing in."""
        signing_in = self.request is not None and self.request.method == "POST"
        return [] if signing_in else super().get_authenticators()

    @extend_schema(request=CredentialsSerializer, responses={201: TokenSerializer}, auth=[])
    def post(self, request: Request) -> Response:
        given = CredentialsSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = sign_ins.check(request._request, **given.validated_data)
        lifetime = timedelta(seconds=settings.SESSION_COOKIE_AGE)
        kept, token = AuthToken.objects.create(user=user, expiry=lifetime)
        body = TokenSerializer({"token": token, "expires_at": kept.expiry})
        return Response(body.data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """End the token that this request was signed with."""
        if not isinstance(request.auth, AuthToken):
            raise Forbidden
        request.auth.delete()
        user_logged_out.send(sender=User, request=request._request, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


class MeView(APIView):
    """Who the caller is, with roles; a phone hears of those in its own programme only."""

    roles = EVERY_ROLE

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        held = Membership.objects.select_related("programme").filter(programme__in=scope(request))
        mine = Prefetch("memberships", queryset=held.order_by("programme__slug", "role"))
        me = User.objects.prefetch_related(mine).get(pk=user_of(request).pk)
        return Response(MeSerializer(me).data)


class ProgrammesView(ListAPIView[Programme]):
    """The programmes in which the caller has a role."""

    roles = EVERY_ROLE
    serializer_class = ProgrammeSerializer
    ordering = ("slug",)
    queryset = Programme.objects.none()

    def get_queryset(self) -> QuerySet[Programme]:
        return scope(self.request)


class EnrolmentCodesView(APIView):
    """One-time codes by which a collector's phone is let in."""

    roles = (Role.COORDINATOR,)

    @extend_schema(request=EnrolmentCodeRequestSerializer, responses={201: EnrolmentCodeSerializer})
    def post(self, request: Request, slug: str) -> Response:
        given = EnrolmentCodeRequestSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        programme = get_object_or_404(scope(request, Role.COORDINATOR), slug=slug)
        people = User.objects.filter(pk__in=programme.memberships.values("user"))
        collector = get_object_or_404(people, pk=given.validated_data["collector"])
        code = devices.enrolment_code(
            programme, collector, by=user_of(request), device_name=given.validated_data["name"]
        )
        body = EnrolmentCodeSerializer(_code_answer(request, code))
        return Response(body.data, status=status.HTTP_201_CREATED)


def _code_answer(request: Request, code: str) -> dict[str, Any]:
    payload = qr.payload(request._request, code)
    return {
        "code": code,
        "expires_in_s": int(devices.CODE_TTL.total_seconds()),
        "qr_payload": payload,
        "qr_svg": qr.svg(payload),
    }


class DevicesView(ListAPIView[Device]):
    """Phones: a coordinator lists them, a phone with a code becomes one."""

    public = ("POST",)
    roles = {"GET": (Role.COORDINATOR,)}
    serializer_class = DeviceSerializer
    ordering = ("-enrolled_at", "pk")
    queryset = Device.objects.none()

    def get_queryset(self) -> QuerySet[Device]:
        own = Device.objects.filter(programme__in=scope(self.request, Role.COORDINATOR))
        slug = self.request.query_params.get("programme")
        found = own.filter(programme__slug=slug) if slug else own
        return found.select_related("programme", "collector")

    @extend_schema(parameters=[OpenApiParameter("programme", str, description="Slug")])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)

    @extend_schema(request=EnrolmentSerializer, responses={201: EnrolledSerializer}, auth=[])
    def post(self, request: Request) -> Response:
        """Use a one-time code up; the answer holds the phone's token, once."""
        given = EnrolmentSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        device, token = devices.enrol(
            **given.validated_data, address=throttles.address(request._request)
        )
        body = EnrolledSerializer(
            {
                "device": device.pk,
                "token": token,
                "programme": device.programme,
                "limits": devices.limits(),
            }
        )
        return Response(body.data, status=status.HTTP_201_CREATED)


class RevokeView(APIView):
    """Shut a phone out for good."""

    roles = (Role.COORDINATOR,)

    @extend_schema(request=None, responses=DeviceSerializer)
    def post(self, request: Request, pk: UUID) -> Response:
        own = Device.objects.filter(programme__in=scope(request, Role.COORDINATOR))
        device = get_object_or_404(own.select_related("programme", "collector"), pk=pk)
        devices.revoke(device, by=user_of(request))
        return Response(DeviceSerializer(device).data)
