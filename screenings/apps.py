from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScreeningsConfig(AppConfig):
    name = "screenings"

    def ready(self) -> None:
        # Models exist only from here on.
        from accounts import places
        from accounts.roles import SCREENERS
        from common import media
        from screenings import building, catalogue, packages
        from stories.signals import moved
        from transcode import jobs, serving

        jobs.register(
            building.KIND, queue=jobs.Queue.LIGHT, handler=building.build, on_failed=building.fail
        )
        jobs.every_sweep(packages.erase_leftovers)
        serving.only_if(catalogue.is_approved)
        media.register(packages.MEDIA_KIND, packages.authorise_download)
        moved.connect(packages.recall, dispatch_uid="screenings.recall")
        places.register(places.Place("screenings:catalogue", _("Screenings"), SCREENERS, order=3))
