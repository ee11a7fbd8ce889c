"""The organizers' forms."""

import uuid
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.models import Programme
from common import languages
from screenings.models import Playlist
from screenings.playlists import MOST_NAME_CHARS

# Most debates are held in these, whatever else a programme's people speak.
DEBATE_LANGUAGES = ("fr", "en")
LENGTHS = [("", _("Any length")), ("300", _("Up to 5 min")), ("600", _("Up to 10 min"))]


class DetailsForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=MOST_NAME_CHARS, help_text=_("Such as the place and the date.")
    )
    place = forms.CharField(
        label=_("Place"),
        max_length=MOST_NAME_CHARS,
        required=False,
        help_text=_("Films that must not be shown there are left out."),
    )
    language = forms.ChoiceField(label=_("Language of the debate"), required=False)

    def __init__(self, *args: Any, programme: Programme | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = _debate_languages(programme)  # type: ignore[attr-defined]  # A ChoiceField.


class NewPlaylistForm(DetailsForm):
    programme = forms.ModelChoiceField(
        label=_("Programme"), queryset=Programme.objects.none(), to_field_name="slug"
    )
    field_order = ["programme", "name", "place", "language"]

    def __init__(self, *args: Any, programmes: list[Programme], **kwargs: Any) -> None:
        only = programmes[0] if len(programmes) == 1 else None
        super().__init__(*args, programme=only, **kwargs)
        chosen: Any = self.fields["programme"]
        chosen.queryset = Programme.objects.filter(pk__in=[p.pk for p in programmes])
        chosen.label_from_instance = lambda programme: programme.name
        if only:
            chosen.initial, chosen.widget = only.slug, forms.HiddenInput()


class PlaceForm(forms.Form):
    """A place alone: that of the catalogue's films, or the one a package still lacks."""

    place = forms.CharField(label=_("Place"), max_length=MOST_NAME_CHARS, required=False)

    @property
    def named(self) -> str | None:
        """What was typed; empty when nothing was, None when it can't be a place."""
        return str(self.cleaned_data["place"]) if self.is_valid() else None


class FilterForm(PlaceForm):
    """Narrows the catalogue; every field may be empty."""

    playlist = forms.UUIDField(required=False, widget=forms.HiddenInput())
    language = forms.ChoiceField(label=_("Language"), required=False)
    longest = forms.TypedChoiceField(
        label=_("Length"), choices=LENGTHS, required=False, coerce=int, empty_value=None
    )
    field_order = ["playlist", "language", "longest", "place"]

    def __init__(self, *args: Any, spoken: list[str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["language"].choices = [  # type: ignore[attr-defined]  # A ChoiceField.
            ("", _("All languages")),
            *((code, languages.name(code)) for code in spoken),
        ]


class StoryForm(forms.Form):
    """Names a film, and where it should go."""

    story = forms.UUIDField()
    steps = forms.IntegerField(required=False, min_value=-99, max_value=99)

    @property
    def story_id(self) -> uuid.UUID:
        story: uuid.UUID = self.cleaned_data["story"]
        return story


def details_of(playlist: Playlist) -> DetailsForm:
    facts = {"name": playlist.name, "place": playlist.place, "language": playlist.language}
    return DetailsForm(initial=facts, programme=playlist.programme)


def _debate_languages(programme: Programme | None) -> list[tuple[str, Any]]:
    codes = [*DEBATE_LANGUAGES, *(programme.languages if programme else [])]
    return [("", "—"), *((code, languages.name(code)) for code in dict.fromkeys(codes))]
