"""How the organizers' pages write lengths and languages."""

from django import template
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from common import languages

register = template.Library()


@register.filter
def in_minutes(seconds: float | None) -> str:
    """Whole minutes, for sums that nobody needs to the second."""
    whole = round((seconds or 0) / 60)
    return _("%(minutes)s min") % {"minutes": whole} if whole or not seconds else _("under 1 min")


@register.filter
def language_name(code: str) -> str | Promise:
    return languages.name(code)
