"""Everything that leaves a trace. A value is stored for ever: add, never rename."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Action(TextChoices):
    PROGRAMME_CREATED = "programme.created", _("Programme created")
    MEMBERSHIP_GRANTED = "membership.granted", _("Role given")
    ENROLMENT_CODE_MADE = "enrolment_code.made", _("Code for a phone made")
    DEVICE_ENROLLED = "device.enrolled", _("Phone enrolled")
    DEVICE_REVOKED = "device.revoked", _("Phone revoked")
    SIGNED_IN = "auth.signed_in", _("Signed in")
    SIGN_IN_FAILED = "auth.sign_in_failed", _("Sign-in failed")
    SIGNED_OUT = "auth.signed_out", _("Signed out")

    CONSENT_TEXT_ADDED = "consent_text.added", _("Consent text added")
    CONSENT_RECORDED = "consent.recorded", _("Consent recorded")
    CONSENT_WITHDRAWN = "consent.withdrawn", _("Consent withdrawn")
    STORYTELLER_FORGOTTEN = "storyteller.forgotten", _("Storyteller forgotten")
    IDENTITY_READ = "identity.read", _("Identity read")
    IDENTITY_WRITTEN = "identity.written", _("Identity written")

    UPLOAD_COMPLETED = "upload.completed", _("Upload completed")
    UPLOAD_FAILED = "upload.failed", _("Upload failed")
    UPLOAD_TERMINATED = "upload.terminated", _("Upload given up by the phone")
    UPLOAD_EXPIRED = "upload.expired", _("Upload expired")
    UPLOAD_ERASED = "upload.erased", _("Upload erased")

    STORY_DECLARED = "story.declared", _("Story declared")
    STORY_SUBMITTED = "story.submitted", _("Story submitted")
    STORY_PROCESSING_STARTED = "story.processing_started", _("Processing started")
    STORY_READY_FOR_REVIEW = "story.ready_for_review", _("Ready for review")
    STORY_FAILED = "story.failed", _("Story failed")
    STORY_RETRIED = "story.retried", _("Processing tried again")
    STORY_CHANGES_REQUESTED = "story.changes_requested", _("Changes asked for")
    STORY_REJECTED = "story.rejected", _("Story rejected")
    STORY_APPROVED = "story.approved", _("Story approved")
    STORY_PUBLISHED = "story.published", _("Story published")
    STORY_REOPENED = "story.reopened", _("Story taken back to review")
    STORY_WITHDRAWN = "story.withdrawn", _("Story withdrawn")
    STORY_ERASED = "story.erased", _("Story erased")

    JOB_RETRIED = "job.retried", _("Machine work tried again")
    TRANSCRIPT_MACHINE = "transcript.machine", _("Transcript made by machine")
    TRANSCRIPT_REVISED = "transcript.revised", _("Transcript revised")
    MEDIA_ORIGINAL_OPENED = "media.original_opened", _("Original recording opened")

    CASE_OPENED = "case.opened", _("Case opened")
    CASE_CLAIMED = "case.claimed", _("Case claimed")
    CASE_RELEASED = "case.released", _("Case released")
    CASE_FIRST_APPROVAL = "case.first_approval", _("First approval")
    CASE_CONFIRMED = "case.confirmed", _("Approval confirmed")
    CASE_CHANGES_REQUESTED = "case.changes_requested", _("Case: changes asked for")
    CASE_REJECTED = "case.rejected", _("Case: rejected")
    CASE_CLOSED = "case.closed", _("Case closed")

    PLAYLIST_CREATED = "playlist.created", _("Playlist created")
    PLAYLIST_CHANGED = "playlist.changed", _("Playlist changed")
    PACKAGE_REQUESTED = "package.requested", _("Package asked for")
    PACKAGE_MADE = "package.made", _("Package made")
    PACKAGE_FAILED = "package.failed", _("Package failed")
    PACKAGE_RECALLED = "package.recalled", _("Package recalled")
    PACKAGE_DOWNLOADED = "package.downloaded", _("Package downloaded")
