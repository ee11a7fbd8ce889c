"""The table of moves. Nothing else decides which state may follow which."""

from collections.abc import Mapping

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Status(TextChoices):
    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    PROCESSING = "processing", _("Processing")
    FAILED = "failed", _("Failed")
    IN_REVIEW = "in_review", _("In review")
    CHANGES_REQUESTED = "changes_requested", _("Changes requested")
    REJECTED = "rejected", _("Rejected")
    APPROVED = "approved", _("Approved")
    PUBLISHED = "published", _("Published")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    ERASED = "erased", _("Erased")


MOVES: Mapping[Status, frozenset[Status]] = {
    Status.DRAFT: frozenset({Status.SUBMITTED, Status.FAILED, Status.WITHDRAWN}),
    Status.SUBMITTED: frozenset({Status.PROCESSING, Status.WITHDRAWN}),
    Status.PROCESSING: frozenset({Status.IN_REVIEW, Status.FAILED, Status.WITHDRAWN}),
    Status.FAILED: frozenset({Status.PROCESSING, Status.WITHDRAWN}),
    Status.IN_REVIEW: frozenset(
        {Status.CHANGES_REQUESTED, Status.REJECTED, Status.APPROVED, Status.WITHDRAWN}
    ),
    Status.CHANGES_REQUESTED: frozenset({Status.IN_REVIEW, Status.WITHDRAWN}),
    Status.REJECTED: frozenset({Status.WITHDRAWN}),
    Status.APPROVED: frozenset({Status.PUBLISHED, Status.IN_REVIEW, Status.WITHDRAWN}),
    Status.PUBLISHED: frozenset({Status.IN_REVIEW, Status.WITHDRAWN}),
    Status.WITHDRAWN: frozenset({Status.ERASED}),
    Status.ERASED: frozenset(),
}

GONE = (Status.WITHDRAWN, Status.ERASED)
