"""Pages: signing in and out, and a coordinator's phones."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import devices, qr, sign_ins
from accounts.forms import EnrolForm, SignInForm
from accounts.models import Device, Programme, User
from accounts.page_access import PageRequest, page_for, public_page
from accounts.places import places_for
from accounts.roles import Role, memberships_of
from audit import Action
from audit.trail import record
from common.errors import Problem


@public_page
@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    form = SignInForm(request.POST or None)
    if not form.is_valid():
        return _sign_in_page(request, form, status=400 if form.is_bound else 200)
    try:
        user = sign_ins.check(request, **form.cleaned_data)
    except Problem as problem:
        form.add_error(None, str(problem.detail or problem.title))
        return _sign_in_page(request, form, status=problem.status)
    login(request, user)
    return redirect(_next(request) or "accounts:home")


def _sign_in_page(request: HttpRequest, form: SignInForm, *, status: int) -> HttpResponse:
    context = {"form": form, "next": _next(request)}
    return render(request, "accounts/sign_in.html", context, status=status)


def _next(request: HttpRequest) -> str:
    """Where the person wanted to go, if that is here: a link must not lead away after sign-in."""
    wanted = request.POST.get("next") or request.GET.get("next", "")
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else ""


@public_page
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if isinstance(request.user, User):
        record(Action.SIGNED_OUT, request.user.audit_name, by=request.user)
    logout(request)
    return redirect("accounts:sign-in")


@require_safe
@page_for()
def home(request: PageRequest) -> HttpResponse:
    """Leads each role to where it works; a collector works on the phone."""
    roles = memberships_of(request.user).values_list("role", flat=True)
    for place in places_for(roles):
        return redirect(place.url)
    return render(request, "accounts/home.html")


@require_safe
@page_for(Role.COORDINATOR)
def programmes(request: PageRequest) -> HttpResponse:
    """Straight to the one programme that most coordinators have."""
    found = list(request.programmes)
    if len(found) == 1:
        return redirect("accounts:programme", slug=found[0].slug)
    return render(request, "accounts/programmes.html", {"programmes": found})


@require_safe
@page_for(Role.COORDINATOR)
def programme(request: PageRequest, slug: str) -> HttpResponse:
    shown = get_object_or_404(request.programmes, slug=slug)
    return _programme_page(request, shown, EnrolForm(programme=shown))


@never_cache
@require_POST
@page_for(Role.COORDINATOR)
def enrol(request: PageRequest, slug: str) -> HttpResponse:
    """Shows the code as the answer itself: it is nowhere to be read again."""
    shown = get_object_or_404(request.programmes, slug=slug)
    form = EnrolForm(request.POST, programme=shown)
    if not form.is_valid():
        return _programme_page(request, shown, form, status=400)
    collector = form.cleaned_data["collector"]
    code = devices.enrolment_code(
        shown, collector, by=request.user, device_name=form.cleaned_data["device_name"]
    )
    # The SVG is made of our own address and letters of our own alphabet.
    picture = mark_safe(qr.svg(qr.payload(request, code)))  # noqa: S308
    context = {
        "programme": shown,
        "collector": collector,
        "code": code,
        "qr_svg": picture,
        "minutes": int(devices.CODE_TTL.total_seconds() // 60),
    }
    return render(request, "accounts/code.html", context)


@require_POST
@page_for(Role.COORDINATOR)
def revoke(request: PageRequest, slug: str, pk: UUID) -> HttpResponse:
    shown = get_object_or_404(request.programmes, slug=slug)
    device = get_object_or_404(Device, programme=shown, pk=pk)
    devices.revoke(device, by=request.user)
    told = _("“%(phone)s” can no longer send anything.") % {"phone": device.name}
    messages.success(request, told)
    return redirect(reverse("accounts:programme", kwargs={"slug": slug}))


def _programme_page(
    request: PageRequest, shown: Programme, form: EnrolForm, status: int = 200
) -> HttpResponse:
    phones = shown.devices.select_related("collector").order_by("revoked_at", "-enrolled_at")
    context = {"programme": shown, "devices": phones, "form": form}
    return render(request, "accounts/programme.html", context, status=status)
