"""The moderators' pages: the queue, and one case with everything that a decision needs."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import TextChoices
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from accounts.page_access import PageRequest, page_for
from accounts.roles import DECIDERS, REVIEWERS, Role
from common.errors import NotFound, Problem
from moderation import cases, checklist, claims, transcripts
from moderation.cards import cards, digest, with_stories
from moderation.dossier import Dossier, Step, open_dossier
from moderation.models import Case, CaseQuerySet
from stories.states import Status
from transcode.transcripts_api import WRITERS

CARDS_A_PAGE: Final = 24


class Shelf(TextChoices):
    """The parts of the queue."""

    OPEN = "open", _("To review")
    MINE = "mine", _("With me")
    TO_PUBLISH = "to_publish", _("To publish")
    DECIDED = "decided", _("Decided")


def _on_shelf(request: PageRequest, shelf: Shelf) -> CaseQuerySet:
    found = with_stories(Case.objects.of_programmes(request.programmes))
    match shelf:
        case Shelf.MINE:
            return found.claimed_by(request.user, at=timezone.now()).order_by("opened_at", "pk")
        case Shelf.TO_PUBLISH:
            waiting = found.closed().filter(
                outcome=Case.Outcome.APPROVED, story__status=Status.APPROVED
            )
            return waiting.order_by("closed_at", "pk")
        case Shelf.DECIDED:
            return found.closed().order_by("-closed_at", "pk")
    return found.open().order_by("opened_at", "pk")


@require_safe
@page_for(*REVIEWERS)
def queue(request: PageRequest) -> HttpResponse:
    """The whole page, or for htmx the cards alone; 204 while they look as before."""
    shelf = _shelf(request)
    page = Paginator(_on_shelf(request, shelf), CARDS_A_PAGE).get_page(request.GET.get("page"))
    shown = cards(page, viewer=request.user)
    context = {
        "shelf": shelf,
        "shelves": Shelf,
        "page": page,
        "cards": shown,
        "digest": digest(shown),
    }
    if request.headers.get("HX-Request") != "true":
        return _private(render(request, "moderation/queue.html", context))
    if request.GET.get("seen") == context["digest"]:
        return HttpResponse(status=204)
    return _private(render(request, "moderation/queue_cards.html", context))


def _shelf(request: HttpRequest) -> Shelf:
    asked = request.GET.get("shelf", Shelf.OPEN)
    return Shelf(asked) if asked in Shelf.values else Shelf.OPEN


@require_safe
@page_for(*REVIEWERS)
def case(request: PageRequest, pk: UUID) -> HttpResponse:
    return _case_page(request, pk)


@require_POST
@page_for(*DECIDERS)
def claim(request: PageRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda case: claims.claim(case, by=request.user))


@require_POST
@page_for(*DECIDERS)
def stay(request: PageRequest, pk: UUID) -> HttpResponse:
    """The open page says that somebody is still at it; a claim that was lost stays lost."""
    found = _find(request, pk)
    if found.claimed_by_id == request.user.pk:
        claims.claim(found, by=request.user)
    return HttpResponse(status=204)


@require_POST
@page_for(*DECIDERS)
def release(request: PageRequest, pk: UUID) -> HttpResponse:
    return _step(request, pk, lambda case: claims.release(case, by=request.user))


@require_POST
@page_for(*DECIDERS)
def approve(request: PageRequest, pk: UUID) -> HttpResponse:
    ticked = request.POST.getlist("checklist")
    done = _("Your approval is recorded. A second person has to confirm it.")
    return _step(
        request, pk, lambda case: cases.approve(case, by=request.user, checklist=ticked), done=done
    )


@require_POST
@page_for(*DECIDERS)
def confirm(request: PageRequest, pk: UUID) -> HttpResponse:
    ticked = request.POST.getlist("checklist")
    done = _("The story is approved by two people now.")
    return _step(
        request, pk, lambda case: cases.confirm(case, by=request.user, checklist=ticked), done=done
    )


@require_POST
@page_for(*DECIDERS)
def request_changes(request: PageRequest, pk: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    done = _("The collector is told what has to change.")
    return _step(
        request,
        pk,
        lambda case: cases.request_changes(case, by=request.user, reason=reason),
        done=done,
    )


@require_POST
@page_for(*DECIDERS)
def reject(request: PageRequest, pk: UUID) -> HttpResponse:
    reason = request.POST.get("reason", "")
    done = _("The story is rejected, and its collector is told why.")
    return _step(
        request, pk, lambda case: cases.reject(case, by=request.user, reason=reason), done=done
    )


@require_POST
@page_for(Role.COORDINATOR)
def publish(request: PageRequest, pk: UUID) -> HttpResponse:
    done = _("The story is published: organizers can screen it now.")
    return _step(request, pk, lambda case: case.story.publish(by=request.user), done=done)


@require_safe
@page_for(*REVIEWERS)
def transcript(request: PageRequest, pk: UUID, form: str) -> HttpResponse:
    """The cues as a file of subtitles, which is also the player's track."""
    dossier = open_dossier(_find(request, pk), viewer=request.user)
    if dossier.revision is None or form not in WRITERS:
        raise NotFound
    write, content_type = WRITERS[form]
    return _private(HttpResponse(write(dossier.cues), content_type=content_type))


@require_POST
@page_for(*DECIDERS)
def replace_transcript(request: PageRequest, pk: UUID) -> HttpResponse:
    found, based_on = _find(request, pk), request.POST.get("based_on", "")
    try:
        replaced = transcripts.replace(
            found,
            request.FILES.get("file"),
            by=request.user,
            based_on=int(based_on) if based_on.isdecimal() else None,
        )
    except Problem as problem:
        return _case_page(request, pk, problem=problem)
    messages.success(request, _words_in_place(replaced))
    return redirect("moderation:case", pk=replaced.case.pk)


def _words_in_place(replaced: transcripts.Replaced) -> str:
    placed = _("Your transcript is in place as version %(number)s.") % {
        "number": replaced.revision.number
    }
    if not (first := replaced.voided):
        return placed
    at = date_format(timezone.localtime(first.decided_at), "DATETIME_FORMAT")
    void = _("The first approval (%(name)s, %(time)s) was of the version before it and is void.")
    return f"{placed} {void % {'name': first.by.display_name, 'time': at}}"


@require_safe
@page_for(*REVIEWERS)
def footage(request: PageRequest, pk: UUID) -> HttpResponse:
    """Fresh media addresses for a page that was open for longer than they last."""
    found = open_dossier(_find(request, pk), viewer=request.user).footage
    if not found.media_url:
        raise NotFound
    return _private(JsonResponse({"media_url": found.media_url, "poster_url": found.poster_url}))


def _find(request: PageRequest, pk: UUID) -> Case:
    return get_object_or_404(with_stories(Case.objects.of_programmes(request.programmes)), pk=pk)


def _step(
    request: PageRequest,
    pk: UUID,
    take: Callable[[Case], object],
    *,
    done: str | Promise = "",
) -> HttpResponse:
    """Take the step and show the case; when it is refused, say why where it was tried."""
    found = _find(request, pk)
    try:
        take(found)
    except Problem as problem:
        return _case_page(request, pk, problem=problem)
    if done:
        messages.success(request, str(done))
    return redirect("moderation:case", pk=pk)


def _case_page(request: PageRequest, pk: UUID, *, problem: Problem | None = None) -> HttpResponse:
    dossier = open_dossier(_find(request, pk), viewer=request.user)
    context = {
        "dossier": dossier,
        "card": dossier.card,
        "case": dossier.case,
        "steps": {step.name.lower(): step in dossier.steps for step in Step},
        "items": checklist.ITEMS,
        "ticked": request.POST.getlist("checklist"),
        "reason": request.POST.get("reason", ""),
        "problem": problem,
        "forms": tuple(WRITERS),
        "is_transcribing": "based_on" in request.POST,
        "successor": _successor(dossier),
    }
    status = problem.status if problem else 200
    return _private(render(request, "moderation/case.html", context, status=status))


def _successor(dossier: Dossier) -> Case | None:
    """The case in which the story goes on, if this one is over."""
    if dossier.case.is_open or dossier.card.is_gone:
        return None
    return Case.objects.open().filter(story=dossier.case.story_id).first()


def _private(response: HttpResponse) -> HttpResponse:
    patch_cache_control(response, private=True, no_store=True)
    return response
