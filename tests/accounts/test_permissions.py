import pytest
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory, force_authenticate
from rest_framework.views import APIView

from accounts.roles import Role
from tests.accounts.make import make_device, make_user

pytestmark = pytest.mark.django_db


def call(view_class, user=None, *, method="get", token=None):
    request = getattr(APIRequestFactory(), method)("/api/v1/x")
    if user:
        force_authenticate(request, user, token)
    return view_class.as_view()(request).status_code


class Answering(APIView):
    def get(self, request):
        return Response({})

    def post(self, request):
        return Response({})


class Undeclared(Answering):
    pass


class ForModerators(Answering):
    roles = (Role.MODERATOR,)


class ForCollectors(Answering):
    roles = (Role.COLLECTOR,)


class ByMethod(Answering):
    public = ("POST",)
    roles = {"GET": (Role.COORDINATOR,)}


def test_a_view_that_declares_nothing_is_closed_to_all():
    user = make_user(*Role)

    assert call(Undeclared, user) == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [(Role.MODERATOR, 200), (Role.SENIOR_MODERATOR, 200), (Role.ORGANIZER, 403)],
)
def test_a_view_is_open_to_its_roles_only(role, status):
    assert call(ForModerators, make_user(role=role)) == status


def test_methods_may_differ():
    coordinator, moderator = make_user(role=Role.COORDINATOR), make_user(role=Role.MODERATOR)

    assert call(ByMethod, coordinator) == 200
    assert call(ByMethod, moderator) == 403
    assert call(ByMethod) == 401
    assert call(ByMethod, method="post") == 200


def test_a_phone_passes_only_where_collectors_do():
    device = make_device(collector=None)
    device.programme.memberships.create(user=device.collector, role=Role.MODERATOR)

    assert call(ForCollectors, device.collector, token=device) == 200
    assert call(ForModerators, device.collector, token=device) == 403
    assert call(ForModerators, device.collector) == 200
