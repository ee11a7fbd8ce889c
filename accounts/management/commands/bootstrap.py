import getpass
import os
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import bootstrap
from accounts.models import User
from accounts.roles import Role


class Command(BaseCommand):
    help = (
        "Makes a programme and a person in it (a coordinator unless --role says otherwise). "
        "Run again it adds what is missing and changes nothing that is there."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--programme", required=True, metavar="SLUG")
        parser.add_argument("--name", default="", help="the programme's name (default: its slug)")
        parser.add_argument("--country", default="SN", help="ISO 3166-1 alpha-2")
        parser.add_argument("--languages", default="", help="BCP 47 codes, comma-separated")
        parser.add_argument("--username", required=True)
        parser.add_argument("--full-name", default="")
        parser.add_argument(
            "--language",
            default=settings.LANGUAGE_CODE,
            choices=dict(settings.LANGUAGES),
            help="of the pages",
        )
        parser.add_argument("--role", action="append", choices=Role.values, help="may be repeated")
        parser.add_argument("--password-env", metavar="VAR", help="variable with the password")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._make(options)
        except ValidationError as refused:
            raise CommandError("; ".join(refused.messages)) from refused
        self.stdout.write(f"{options['username']} is in {options['programme']}")

    @transaction.atomic
    def _make(self, options: dict[str, Any]) -> None:
        programme = bootstrap.make_programme(
            options["programme"],
            name=options["name"] or options["programme"],
            country=options["country"],
            languages=[tag for tag in options["languages"].split(",") if tag],
        )
        user = bootstrap.make_user(
            options["username"],
            password=_password(options),
            language=options["language"],
            full_name=options["full_name"],
        )
        for role in options["role"] or [Role.COORDINATOR]:
            bootstrap.grant(user, programme, Role(role))


def _password(options: dict[str, Any]) -> str:
    """From the environment or the terminal: an argument would show in the list of processes."""
    if User.objects.filter(username=options["username"]).exists():
        return ""
    variable = options["password_env"]
    password = os.environ.get(variable, "") if variable else getpass.getpass()
    if variable and not password:
        raise CommandError(f"{variable} is empty")
    validate_password(password)
    return password
