"""Times within a recording."""

from django import template

register = template.Library()


@register.filter
def clock(seconds: float | None) -> str:
    """Seconds as `m:ss`, or `h:mm:ss` from an hour on; nothing for None."""
    if seconds is None:
        return ""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
