"""Times within a recording."""

from django import template

register = template.Library()


@register.filter
def clock(seconds: float | None) -> str:
    """Seconds as `m:ss`, or `h:mm:ss` from an hour on; nothing for None.

    Fractions are cut off, as players do: rounded, a film would be longer here than there.
    """
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
