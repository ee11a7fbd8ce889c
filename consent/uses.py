"""What a story may be used for: each is asked apart, and the answer is no until it is yes."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Use(TextChoices):
    INTERNAL_ARCHIVE = "internal_archive", _("Internal archive")
    TRANSCRIPTION = "transcription", _("Transcription")
    COMMUNITY_SCREENING = "community_screening", _("Community screening")
    PARTNER_ORGANISATIONS = "partner_organisations", _("Partner organisations")
    BROADCAST = "broadcast", _("Broadcast")
    ONLINE = "online", _("Online")
    RESEARCH = "research", _("Research")


class AgeBand(TextChoices):
    """Bands, since an exact age helps to find a person; the first two are minors."""

    UNDER_15 = "under_15", _("Under 15")
    FROM_15_TO_17 = "15_17", _("15 to 17")
    FROM_18_TO_24 = "18_24", _("18 to 24")
    FROM_25_TO_34 = "25_34", _("25 to 34")
    FROM_35_TO_49 = "35_49", _("35 to 49")
    FROM_50 = "50_up", _("50 and over")


MINORS = (AgeBand.UNDER_15, AgeBand.FROM_15_TO_17)
