"""The processes that `usage-pipeline dev` starts and stops together: the database, the web server and the daemon.

What does not belong here: a deployment with processes of its own, see docs/deploy.md.
"""

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from urllib.request import Request, urlopen

from sqlalchemy import NullPool, create_engine

from usage_pipeline.errors import ServiceError
from usage_pipeline.orchestration.calendar import first_day
from usage_pipeline.orchestration.instance import LOCATION, project_dir
from usage_pipeline.settings import Settings
from usage_pipeline.storage.locks import sole_lock
from usage_pipeline.storage.postgres import database_urls
from usage_pipeline.storage.warehouse import migrate

HOST = "127.0.0.1"
"""The UI has no login."""

DAEMON_LOCK = "dagster:daemon"
"""Held, in Dagster's database, while web server and daemon run: two daemons would request everything twice."""


LOOK_SECONDS = 5
"""Between two looks at the first day of the calendar."""

_RELOAD = """mutation($location: String!) {
  reloadRepositoryLocation(repositoryLocationName: $location) { __typename }
}"""


@contextmanager
def dev_server(settings: Settings, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The process of `dagster dev` on a migrated database; signals that end this process end that one.

    Raises ServiceError, before Dagster starts, if the port is in use or a daemon runs on this database.
    """
    _check_port(port)
    migrate(settings)
    settings.dagster_dir.mkdir(parents=True, exist_ok=True)
    with _only_daemon(settings, port):
        # In the background of a script interrupts are ignored, and then Dagster would ignore SIGTERM too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        process = _start(settings, port)
        for stop in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
            signal.signal(stop, lambda *_: process.terminate())
        yield process


def wait(process: "subprocess.Popen[bytes]", settings: Settings, port: int) -> int:
    """Wait for the end of the process and return its exit code.

    Definitions are loaded again whenever the first day of their calendar moves, because earlier data came.
    """
    loaded = first_day(settings)
    while True:
        try:
            return max(process.wait(LOOK_SECONDS), 0)
        except subprocess.TimeoutExpired:
            found = first_day(settings)
        if found < loaded and _reload(port):
            loaded = found


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


def _check_port(port: int) -> None:
    with socket.socket() as probe:
        # A server that has just stopped leaves its port in a state that hinders no other server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise ServiceError(
                f"Port {port} on {HOST} cannot be used ({error.strerror}). "
                f"Stop the program that uses it, or choose another, for example --port {port % 65_535 + 1}."
            ) from None


@contextmanager
def _only_daemon(settings: Settings, port: int) -> Iterator[None]:
    engine = create_engine(database_urls(settings).dagster, poolclass=NullPool)
    with sole_lock(engine, DAEMON_LOCK, holder=address(port)) as other:
        if other:
            raise ServiceError(
                f"Dagster runs on this database already, at {other}. Open that address, or stop it first."
            )
        yield


def _start(settings: Settings, port: int) -> "subprocess.Popen[bytes]":
    home = project_dir()
    environment = {**os.environ, "DAGSTER_HOME": str(home), "USAGE_DATA_DIR": str(settings.data_dir)}
    command = [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", "-h", HOST, "-p", str(port)]
    # A terminal interrupts a whole group of processes. In ours, Dagster would be stopped by that and by the signal
    # from here, and the second one aborts it.
    return subprocess.Popen(command, cwd=home, env=environment, process_group=0)  # noqa: S603 - our own command
