"""The texts that are read aloud before a consent: added, never changed."""

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import Programme
from audit import Action, Actor
from audit.trail import record
from common.errors import Conflict, Problem
from common.languages import is_known
from consent.models import ConsentText
from consent.uses import Use


class TextChanged(Conflict):
    code = "consent_text_changed"
    title = _("This version says something else")


class TextInvalid(Problem):
    code = "consent_text_invalid"
    title = _("The text cannot be used")


@transaction.atomic
def add_text(
    programme: Programme,
    *,
    by: Actor,
    version: int,
    language: str,
    body: str,
    uses: Collection[Use] = tuple(Use),
) -> tuple[ConsentText, bool]:
    """Return the text and whether it is new; the same again is no error.

    Raises `TextInvalid`, or `TextChanged` when people already consented, or might have, to other
    words under this version.
    """
    if not body.strip() or not is_known(language):
        raise TextInvalid(_("Give the words that are read aloud, in a language that we know."))
    said = {"body": body.strip(), "uses": [use.value for use in uses]}
    text, is_new = ConsentText.objects.get_or_create(
        programme=programme, version=version, language=language, defaults=said
    )
    if {"body": text.body, "uses": text.uses} != said:
        raise TextChanged(_("Give the changed words a new version."))
    if is_new:
        facts = {"text": text.pk, "version": version, "language": language}
        record(Action.CONSENT_TEXT_ADDED, programme.audit_subject, by=by, **facts)
    return text, is_new
