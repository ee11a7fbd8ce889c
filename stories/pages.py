"""The coordinator's pages: where every story stands, and what to do about one that failed."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import names
from accounts.page_access import PageRequest, page_for
from accounts.roles import Role
from audit.models import Entry
from common import languages
from common.errors import Problem
from consent.models import Withdrawal
from consent.withdrawal import withdraw as withdraw_consent
from stories.arrivals import upload_of
from stories.erasure import erase as erase_story
from stories.models import Story
from stories.originals import open_original
from stories.states import Status

A_PAGE = 50


@require_safe
@never_cache
@page_for(Role.COORDINATOR)
def story_list(request: PageRequest) -> HttpResponse:
    """Newest first; `?status=` shows one state."""
    stories = Story.objects.of_programmes(request.programmes)
    counts = dict(stories.values_list("status").annotate(number=Count("pk")).order_by())
    chosen = request.GET.get("status", "")
    shown = stories.filter(status=chosen) if chosen in Status.values else stories
    ordered = shown.select_related("collector", "consent__storyteller").order_by("-moved_at", "pk")
    context = {
        "page": Paginator(ordered, A_PAGE).get_page(request.GET.get("page")),
        "chosen": chosen,
        "tabs": [(status, counts[status]) for status in Status if status in counts],
        "total": sum(counts.values()),
    }
    return render(request, "stories/list.html", context)


@require_safe
@never_cache
@page_for(Role.COORDINATOR)
def story(request: PageRequest, pk: UUID) -> HttpResponse:
    shown = _story(request, pk)
    entries = list(Entry.objects.of(shown.audit_subject))
    people = names.shown(entry.actor for entry in entries)
    context = {
        "story": shown,
        "language": languages.name(shown.language),
        "history": [
            (entry.at, entry.get_action_display(), people[entry.actor]) for entry in entries
        ],
        "is_failed": shown.status == Status.FAILED,
        "can_retry": _arrived(shown),
        "is_withdrawn": shown.status == Status.WITHDRAWN,
    }
    return render(request, "stories/story.html", context)


def _arrived(story: Story) -> bool:
    upload = upload_of(story.recording)
    return upload is not None and upload.is_verified


@require_POST
@page_for(Role.COORDINATOR)
def retry(request: PageRequest, pk: UUID) -> HttpResponse:
    try:
        _story(request, pk).retry(by=request.user)
    except Problem as problem:
        messages.error(request, problem.sentence)
    return redirect("stories:story", pk=pk)


@require_POST
@page_for(Role.COORDINATOR)
def original(request: PageRequest, pk: UUID) -> HttpResponse:
    """Straight to the file, by an address made for this person."""
    try:
        return redirect(open_original(_story(request, pk), by=request.user))
    except Problem as problem:
        messages.error(request, problem.sentence)
        return redirect("stories:story", pk=pk)


@require_POST
@page_for(Role.COORDINATOR)
def withdraw(request: PageRequest, pk: UUID) -> HttpResponse:
    """On the word of a storyteller who called or came, without a reason."""
    storyteller = _story(request, pk).consent.storyteller
    withdraw_consent(storyteller, by=request.user, channel=Withdrawal.Channel.STAFF)
    messages.success(request, _("Withdrawn. Nothing of it can be shown any more."))
    return redirect("stories:story", pk=pk)


@require_POST
@page_for(Role.COORDINATOR)
def erase(request: PageRequest, pk: UUID) -> HttpResponse:
    try:
        erase_story(_story(request, pk), by=request.user)
        messages.success(request, _("Erased. Nothing of it is kept but that it was here."))
    except Problem as problem:
        messages.error(request, problem.sentence)
    return redirect("stories:story", pk=pk)


def _story(request: PageRequest, pk: UUID) -> Story:
    related = Story.objects.select_related(
        "programme", "collector", "device", "consent__storyteller", "recording"
    )
    return get_object_or_404(related.of_programmes(request.programmes), pk=pk)
