from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        # Registers itself with drf-spectacular on import, which needs loaded apps.
        import_module("accounts.schema")
