"""API tokens end with the password that bought them, as Django's sessions do."""

from typing import Any

from django.db.models.signals import pre_save
from django.dispatch import receiver
from knox.models import AuthToken

from accounts.models import User


@receiver(pre_save, sender=User)
def end_with_password(instance: User, update_fields: Any = None, **signal: Any) -> None:
    """Compares with the row, so that a password made unusable counts as well."""
    if update_fields is not None and "password" not in update_fields:
        return
    known = User.objects.filter(pk=instance.pk)
    if instance.pk and known.exclude(password=instance.password).exists():
        AuthToken.objects.filter(user=instance).delete()
