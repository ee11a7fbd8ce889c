"""The service's settings with one more app, whose jobs the kill tests interrupt."""

from config.settings import *  # noqa: F403  Settings are what Django's are extended by.
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.transcode.job_app"]
