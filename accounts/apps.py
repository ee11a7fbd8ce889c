from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        from accounts.places import Place, register
        from accounts.roles import Role

        register(Place("accounts:programmes", _("Phones"), (Role.COORDINATOR,), order=4))
        # Registers itself with drf-spectacular on import, which needs loaded apps.
        import_module("accounts.schema")
        import_module("accounts.tokens")
