"""The organizers' pages: catalogue, playlists, packages. They work without a script."""

from collections.abc import Callable
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.page_access import PageRequest, page_for
from accounts.roles import SCREENERS
from common.errors import Conflict
from screenings import packages, playlists
from screenings.cards import card_of, cards_of, lines_of
from screenings.catalogue import entries, narrowed, screenable
from screenings.forms import (
    DetailsForm,
    FilterForm,
    NewPlaylistForm,
    PlaceForm,
    StoryForm,
    details_of,
)
from screenings.models import Package, Playlist
from screenings.timeline import Timeline
from stories.models import Story, StoryQuerySet

FILMS_A_PAGE = 24
PLAYLISTS_A_PAGE = 50


@require_safe
@page_for(*SCREENERS)
def catalogue(request: PageRequest) -> HttpResponse:
    """Posters of what may be shown; with a playlist chosen, each can be added to it."""
    chosen = _chosen_playlist(request)
    stories = _screenable(request, chosen)
    form = FilterForm(request.GET, spoken=_spoken(stories))
    page = Paginator(_narrowed(stories, form), FILMS_A_PAGE).get_page(request.GET.get("page"))
    held = set(chosen.items.values_list("story_id", flat=True)) if chosen else set()
    context = {
        "cards": cards_of(entries(list(page.object_list)), viewer=request.user, held=held),
        "page": page,
        "form": form,
        "query": _query(request),
        "chosen": chosen,
        "timeline": Timeline(playlists.lines(chosen, at=timezone.now())) if chosen else None,
        "playlists": _playlists(request).order_by("-changed_at")[:PLAYLISTS_A_PAGE],
    }
    status = 400 if form.has_error("place") else 200
    return render(request, "screenings/catalogue.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@page_for(*SCREENERS)
def playlist_list(request: PageRequest) -> HttpResponse:
    """The playlists, and a form for a new one."""
    form = NewPlaylistForm(request.POST or None, programmes=list(request.programmes))
    if form.is_valid():
        facts = dict(form.cleaned_data)
        made = playlists.create(facts.pop("programme"), by=request.user, **facts)
        return redirect(_catalogue_for(made))
    found = _playlists(request).annotate(films=Count("items")).order_by("-changed_at")
    context = {"playlists": found[:PLAYLISTS_A_PAGE], "form": form}
    status = 400 if form.is_bound else 200
    return render(request, "screenings/playlists.html", context, status=status)


@require_safe
@page_for(*SCREENERS)
def playlist(request: PageRequest, pk: UUID) -> HttpResponse:
    shown = get_object_or_404(_playlists(request), pk=pk)
    return _playlist_page(request, shown, details_of(shown))


@require_POST
@page_for(*SCREENERS)
def details(request: PageRequest, pk: UUID) -> HttpResponse:
    changed = get_object_or_404(_playlists(request), pk=pk)
    form = DetailsForm(request.POST, programme=changed.programme)
    if not form.is_valid():
        return _playlist_page(request, changed, form, status=400)
    playlists.rename(changed, by=request.user, **form.cleaned_data)
    messages.success(request, _("Saved."))
    return redirect("screenings:playlist", pk=pk)


@require_POST
@page_for(*SCREENERS)
def add(request: PageRequest, pk: UUID) -> HttpResponse:
    """Back to the catalogue: who adds one film mostly adds another."""
    changed = get_object_or_404(_playlists(request), pk=pk)
    story = _story(request)
    _attempt(request, lambda: playlists.add(changed, story.story_id, by=request.user))
    query = QueryDict(request.POST.get("query", "")).urlencode()
    return redirect(f"{reverse('screenings:catalogue')}?{query}#film-{story.story_id}")


@require_POST
@page_for(*SCREENERS)
def move(request: PageRequest, pk: UUID) -> HttpResponse:
    changed = get_object_or_404(_playlists(request), pk=pk)
    story = _story(request)
    steps = story.cleaned_data["steps"] or 0
    playlists.move(changed, story.story_id, by=request.user, steps=steps)
    return redirect(reverse("screenings:playlist", kwargs={"pk": pk}) + "#films")


@require_POST
@page_for(*SCREENERS)
def remove(request: PageRequest, pk: UUID) -> HttpResponse:
    changed = get_object_or_404(_playlists(request), pk=pk)
    playlists.remove(changed, _story(request).story_id, by=request.user)
    return redirect(reverse("screenings:playlist", kwargs={"pk": pk}) + "#films")


@require_POST
@page_for(*SCREENERS)
def make_package(request: PageRequest, pk: UUID) -> HttpResponse:
    """With the place in the same form, as long as the playlist has none."""
    wanted = get_object_or_404(_playlists(request), pk=pk)
    place = PlaceForm(request.POST).named
    if place and not wanted.has_place:
        playlists.rename(wanted, by=request.user, place=place)
    _attempt(request, lambda: packages.request(wanted, by=request.user))
    return redirect(reverse("screenings:playlist", kwargs={"pk": pk}) + "#package")


@require_safe
@page_for(*SCREENERS)
def package(request: PageRequest, pk: UUID) -> HttpResponse:
    """The package's card alone, for the page that shows it to renew."""
    shown = get_object_or_404(_packages(request), pk=pk)
    card = card_of(shown, at=timezone.now())
    context = {"card": card, "playlist": shown.playlist}
    return render(request, "screenings/_package.html", context)


@require_safe
@page_for(*SCREENERS)
def download(request: PageRequest, pk: UUID) -> HttpResponse:
    """Leads to a fresh signed address; says why on a page when there can be none."""
    wanted = get_object_or_404(_packages(request), pk=pk)
    packages.check_download(wanted, viewer=request.user, at=timezone.now())
    return redirect(packages.hand_out(wanted, by=request.user))


def _playlist_page(
    request: PageRequest, shown: Playlist, form: DetailsForm, status: int = 200
) -> HttpResponse:
    now = timezone.now()
    lines = playlists.lines(shown, at=now)
    made = list(shown.packages.order_by("-requested_at")[:10])
    context = {
        "playlist": shown,
        "programme": shown.programme,
        "lines": lines_of(lines, viewer=request.user),
        "timeline": Timeline(lines),
        "excluded": playlists.excluded_places(shown, at=now),
        "form": form,
        "card": card_of(made[0], at=now) if made else None,
        "older": made[1:],
    }
    return render(request, "screenings/playlist.html", context, status=status)


def _playlists(request: PageRequest) -> QuerySet[Playlist]:
    return Playlist.objects.filter(programme__in=request.programmes).select_related("programme")


def _packages(request: PageRequest) -> QuerySet[Package]:
    found = Package.objects.filter(playlist__programme__in=request.programmes)
    return found.select_related("playlist__programme")


def _chosen_playlist(request: PageRequest) -> Playlist | None:
    """The playlist that the address names, else the person's own newest."""
    own = _playlists(request).order_by("-changed_at")
    named = request.GET.get("playlist")
    if not named:
        return own.filter(created_by=request.user).first()
    try:
        return own.filter(pk=named).first()
    except ValidationError:
        return None


def _screenable(request: PageRequest, chosen: Playlist | None) -> StoryQuerySet:
    programmes = request.programmes
    if chosen:
        programmes = programmes.filter(pk=chosen.programme_id)
    named = PlaceForm(request.GET).named
    if named is None:
        return Story.objects.none()
    place = named or (chosen.place if chosen else "")
    return screenable(programmes, at=timezone.now(), place=place or None)


def _narrowed(stories: StoryQuerySet, form: FilterForm) -> StoryQuerySet:
    if not form.is_valid():
        return stories.select_related("programme")
    asked = form.cleaned_data
    found = narrowed(stories, language=asked["language"] or None, longest_s=asked["longest"])
    return found.select_related("programme")


def _spoken(stories: StoryQuerySet) -> list[str]:
    return sorted(stories.order_by().values_list("language", flat=True).distinct())


def _query(request: HttpRequest) -> str:
    """What the catalogue was asked, without the page number."""
    kept = request.GET.copy()
    kept.pop("page", None)
    return kept.urlencode()


def _catalogue_for(chosen: Playlist) -> str:
    return f"{reverse('screenings:catalogue')}?playlist={chosen.pk}"


def _story(request: HttpRequest) -> StoryForm:
    form = StoryForm(request.POST)
    if not form.is_valid():
        raise Conflict(_("Reload the page and try again."))
    return form


def _attempt(request: HttpRequest, change: Callable[[], object]) -> None:
    """Tell why it can't be, on the page where the person is."""
    try:
        change()
    except Conflict as conflict:
        messages.error(request, f"{conflict.title}. {conflict.detail}")
