"""Runs a command with `MAM_DATABASE_URL` naming a PostgreSQL server made for it.

    python -m tools.with_postgres pytest -m postgres

The exit code is the command's. `MAM_TEST_DATABASE_URL` names a server to use instead of a private
one; the role in it needs the right to create databases.
"""

import os
import signal
import subprocess
import sys

from tests.programs import postgres


def main(command: list[str]) -> int:
    with postgres() as url:
        environment = {**os.environ, "MAM_DATABASE_URL": url}
        child = subprocess.Popen(command, env=environment)  # noqa: S603  # The caller's own command, no shell.
        # The command ends first, and in its own way; then the server is not needed any more.
        # Ctrl-C has already reached it, since the terminal sends it to both.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: child.terminate())
        return child.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
