from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Programme
from audit import SYSTEM
from common.errors import Problem
from consent.texts import add_text
from consent.uses import Use


class Command(BaseCommand):
    help = (
        "Adds a text to be read aloud before a consent. Run again with the same words it changes "
        "nothing; changed words need a new --text-version."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the words, as UTF-8 text")
        parser.add_argument("--programme", required=True, metavar="SLUG")
        parser.add_argument("--text-version", type=int, default=1, metavar="NUMBER")
        parser.add_argument("--language", required=True, help="BCP 47, such as fr or wo")
        parser.add_argument(
            "--use", action="append", choices=Use.values, help="asked in it; repeat (default: all)"
        )

    def handle(self, *args: Any, file: Path, **options: Any) -> None:
        programme = Programme.objects.filter(slug=options["programme"]).first()
        if programme is None:
            raise CommandError(f"there is no programme {options['programme']}")
        try:
            text, is_new = add_text(
                programme,
                by=SYSTEM,
                version=options["text_version"],
                language=options["language"],
                body=file.read_text(encoding="utf-8"),
                uses=[Use(use) for use in options["use"] or Use.values],
            )
        except (OSError, UnicodeDecodeError, Problem) as refused:
            raise CommandError(str(refused)) from refused
        self.stdout.write(f"{text} {'is added to' if is_new else 'is already in'} {programme}")
