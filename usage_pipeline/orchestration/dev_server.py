"""The processes that `usage-pipeline dev` starts and stops together: database, Dagster's two, and the read API.

What does not belong here: a deployment with processes of its own, see docs/deploy.md.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
from urllib.request import Request, urlopen

from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import OperationalError

from usage_pipeline.api.listening import listen
from usage_pipeline.errors import ServiceError, WarehouseError
from usage_pipeline.keys.keys import NewKey, Scope, create_key, id_of, revoke_key
from usage_pipeline.orchestration.calendar import first_day
from usage_pipeline.orchestration.dagster_database import LOCATION
from usage_pipeline.orchestration.instance import project_dir
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import sole_lock
from usage_pipeline.storage.postgres import database_urls
from usage_pipeline.storage.warehouse import migrate, open_warehouse

HOST = "127.0.0.1"
"""The UI has no login."""

DAEMON_LOCK = "dagster:daemon"
"""Held, in Dagster's database, while web server and daemon run: two daemons would request everything twice."""


LOOK_SECONDS = 5
"""Between two looks at the first day of the calendar, and at the read API."""

KEY_LIFE = timedelta(days=1)

_RELOAD = """mutation($location: String!) {
  reloadRepositoryLocation(repositoryLocationName: $location) { __typename }
}"""


class Processes:
    """Processes that run and end together."""

    def __init__(self, dagster: "subprocess.Popen[bytes]", api: "subprocess.Popen[bytes]") -> None:
        """Take processes that were started."""
        self._all = (dagster, api)
        self._is_stopping = False

    def stop(self) -> None:
        """Let all end. Only once: Dagster breaks off at a second signal."""
        if not self._is_stopping:
            self._is_stopping = True
            for process in self._all:
                process.terminate()

    def run(self, seconds: float) -> bool:
        """Wait this long, and return True if all still run."""
        with suppress(subprocess.TimeoutExpired):
            self._all[0].wait(seconds)
        return all(process.poll() is None for process in self._all)

    def end(self) -> int:
        """Let all end and return the highest exit code."""
        self.stop()
        return max(0, *(process.wait() for process in self._all))


@contextmanager
def dev_server(settings: Settings, port: int, api_port: int) -> Iterator[Processes]:
    """`dagster dev` and the read API on a migrated database; signals that end this process end those.

    Raises ServiceError, before anything starts, if a port is in use or a daemon runs on this database.
    """
    with listen(HOST, port), listen(HOST, api_port, "--api-port"):
        pass
    migrate(settings)
    settings.dagster_dir.mkdir(parents=True, exist_ok=True)
    with _only_daemon(settings, port):
        # In the background of a script interrupts are ignored, and then Dagster would ignore SIGTERM too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        processes = Processes(_start_dagster(settings, port), _start_api(settings, api_port))
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(stop, lambda *_: processes.stop())
        try:
            yield processes
        finally:
            processes.end()


@contextmanager
def dev_key(settings: Settings) -> Iterator[str]:
    """A key that reads the numbers of all tenants, for a day at most: it is revoked in the end.

    The key is on the screen and in logs of it, so it does not read texts of runs.
    """
    now = settings.clock.now
    new = NewKey("dev", None, frozenset({Scope.PLATFORM}), "dev", now + KEY_LIFE)
    with _warehouse(settings) as connection:
        shown = create_key(connection, new, now)
    try:
        yield shown
    finally:
        with suppress(WarehouseError, OperationalError), _warehouse(settings) as connection:
            revoke_key(connection, id_of(shown), settings.clock.now)  # without a database it ends by itself


@contextmanager
def _warehouse(settings: Settings) -> Iterator[Connection]:
    engine = open_warehouse(settings)
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def wait(processes: Processes, settings: Settings, port: int) -> int:
    """Wait until one of the processes ends, end the other, and return the exit code.

    Definitions are loaded again whenever the first day of their calendar moves, because earlier data came.
    """
    loaded = first_day(settings)
    while processes.run(LOOK_SECONDS):
        found = first_day(settings)
        if found < loaded and _reload(port):
            loaded = found
    return processes.end()


def _reload(port: int) -> bool:
    """Ask the web server to load the definitions again; False if it does not answer yet."""
    body = json.dumps({"query": _RELOAD, "variables": {"location": LOCATION}}).encode()
    request = Request(f"{address(port)}/graphql", body, {"Content-Type": "application/json"})  # noqa: S310 - loopback
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - loopback
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


def address(port: int) -> str:
    """The address of the UI."""
    return f"http://{HOST}:{port}"


@contextmanager
def _only_daemon(settings: Settings, port: int) -> Iterator[None]:
    engine = create_engine(database_urls(settings).dagster, poolclass=NullPool)
    with sole_lock(engine, DAEMON_LOCK, holder=address(port)) as other:
        if other:
            raise ServiceError(
                f"Dagster runs on this database already, at {other}. Open that address, or stop it first."
            )
        yield


def _start_dagster(settings: Settings, port: int) -> "subprocess.Popen[bytes]":
    home = project_dir()
    environment = {**os.environ, "DAGSTER_HOME": str(home), "USAGE_DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", HOST, "-p", str(port)]
    # A terminal interrupts a whole group of processes. In ours, Dagster would be stopped by that and by the signal
    # from here, and the second one aborts it.
    return subprocess.Popen(command, cwd=home, env=environment, process_group=0)  # noqa: S603 - our own command


def _start_api(settings: Settings, port: int) -> "subprocess.Popen[bytes]":
    # A page of the dashboard asks for a dozen things, whose lines would hide those of Dagster.
    environment = {"USAGE_API_ACCESS_LOG": "false", **os.environ, "USAGE_DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "usage_pipeline.cli", "serve", "--host", HOST, "--port", str(port)]
    return subprocess.Popen(  # noqa: S603 - our own command
        command, env=environment, stdout=subprocess.DEVNULL, process_group=0
    )
