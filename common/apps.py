from django.apps import AppConfig

from common import health


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        health.register("database", health.database)
        health.register("storage", health.storage)
