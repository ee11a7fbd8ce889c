from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from audit.models import Entry
from audit.verification import verify


class Command(BaseCommand):
    help = "Finds entries of the audit trail that were changed, removed or inserted (exit 1)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--subject", help="only this one's chain, such as story:<uuid>")

    def handle(self, *args: Any, subject: str | None, **options: Any) -> None:
        findings = list(verify(subject))
        for finding in findings:
            self.stdout.write(str(finding))
        entries = Entry.objects.of(subject) if subject else Entry.objects.all()
        if findings:
            raise CommandError(f"{len(findings)} faults in {entries.count()} entries")
        self.stdout.write(f"{entries.count()} entries, no fault")
