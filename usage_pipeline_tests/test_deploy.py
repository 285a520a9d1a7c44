"""The files in `deploy/` start what they say, on this machine only, with settings that exist."""

import configparser
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from usage_pipeline.cli.app import CommandTable
from usage_pipeline.settings import PREFIX, Settings
from usage_pipeline_tests.dagster_calls import parse_dagster_call

DEPLOY = Path(__file__).parents[1] / "deploy"
UNITS = ("usage-api", "usage-code", "usage-daemon", "usage-viewer", "usage-web")
WORKSPACE = {"workspace": ("deploy/workspace.yaml",)}
CODE = ("dagster code-server start", {"port": 4266, "module_name": "usage_pipeline.definitions"})
PROCESSES: dict[str, tuple[str, dict[str, object]]] = {
    "code": CODE,
    "daemon": ("dagster-daemon run", WORKSPACE),
    "web": ("dagster-webserver", {"port": 3000, **WORKSPACE}),
    "viewer": ("dagster-webserver", {"port": 3001, "read_only": True, **WORKSPACE}),
    "api": ("usage-pipeline serve", {"port": 8000}),
}
PUBLISHED = {"web": 3000, "viewer": 3001, "api": 8000}
SETTINGS = {f"{PREFIX}{field.upper()}" for field in Settings.model_fields}


def unit(name: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # keys keep their case
    parser.read_string((DEPLOY / "systemd" / f"{name}.service").read_text(encoding="utf-8"))
    return parser


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def started(call: str) -> tuple[tuple[str, dict[str, object]], object]:
    """What a call starts, and the host that it listens on."""
    name, options = (parse_own_call if call.startswith("usage-pipeline") else parse_dagster_call)(call)
    host = options.pop("host", None)
    return (
        name,
        {key: tuple(found) if isinstance(found, list) else found for key, found in options.items()},
    ), host


def parse_own_call(call: str) -> tuple[str, dict[str, object]]:
    """The command, and its options that have a value."""
    program, command, *arguments = shlex.split(call)
    given = CommandTable()[command].make_context(command, arguments).params
    return f"{program} {command}", {name: value for name, value in given.items() if value is not None}


def test_there_is_a_unit_for_each_process() -> None:
    assert sorted(path.stem for path in DEPLOY.glob("systemd/*.service")) == list(UNITS)


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_starts_its_process_on_the_loopback_address(name: str) -> None:
    program = unit(name)["Service"]["ExecStart"].removeprefix("/opt/usage_pipeline/.venv/bin/")
    process, host = started(program)
    assert process == PROCESSES[name.removeprefix("usage-")]
    assert host == (None if name == "usage-daemon" else "127.0.0.1")


@pytest.mark.parametrize("name", UNITS)
def test_a_unit_runs_as_its_own_user_and_writes_to_the_data_directory_only(name: str) -> None:
    service = unit(name)["Service"]
    assert {key: service[key] for key in ("User", "ProtectSystem", "ReadWritePaths", "EnvironmentFile")} == {
        "User": "usage",
        "ProtectSystem": "strict",
        "ReadWritePaths": "/var/lib/usage_pipeline",
        "EnvironmentFile": "/etc/usage_pipeline.env",
    }


@pytest.mark.parametrize("name", PROCESSES)
def test_a_container_starts_the_process_of_the_unit(name: str) -> None:
    process, host = started(compose()["services"][name]["command"])
    assert process == PROCESSES[name]
    assert host == (None if name == "daemon" else "0.0.0.0")  # noqa: S104 - within the network of the containers


def test_containers_are_published_on_the_loopback_address_only() -> None:
    ports = {name: service["ports"] for name, service in compose()["services"].items() if "ports" in service}
    assert ports == {name: [f"127.0.0.1:{port}:{port}"] for name, port in PUBLISHED.items()}


def test_the_database_keeps_its_data_in_a_volume_where_its_image_writes_them() -> None:
    database = compose()["services"]["postgres"]
    assert (database["image"], database["volumes"]) == ("postgres:18", ["postgres:/var/lib/postgresql"])


def test_all_containers_but_the_database_share_the_data_directory() -> None:
    services = compose()["services"]
    assert {name: services[name]["volumes"] for name in services if name != "postgres"} == {
        name: ["${USAGE_DATA_DIR:?set it}:/data"] for name in ("migrate", *PROCESSES)
    }


def test_containers_wait_for_the_database_and_its_migration() -> None:
    services = compose()["services"]
    assert {name: service.get("depends_on") for name, service in services.items()} == {
        "postgres": None,
        "migrate": {"postgres": {"condition": "service_healthy"}},
        "code": {"migrate": {"condition": "service_completed_successfully"}},
        "daemon": ["code"],
        "web": ["code"],
        "viewer": ["code"],
        "api": {"migrate": {"condition": "service_completed_successfully"}},
    }


@pytest.mark.parametrize("path", ["usage_pipeline.env", "compose.yaml", "Dockerfile"])
def test_settings_in_a_file_exist(path: str) -> None:
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", (DEPLOY / path).read_text(encoding="utf-8")))
    assert named
    assert named <= SETTINGS


def test_web_servers_and_daemon_find_the_code_location_where_it_listens() -> None:
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text(encoding="utf-8"))
    server = {"host": {"env": "CODE_LOCATION_HOST"}, "port": 4266, "location_name": "usage_pipeline"}
    assert workspace == {"load_from": [{"grpc_server": server}]}
    assert compose()["services"]["code"]["environment"]["CODE_LOCATION_HOST"] == "code"
    assert "CODE_LOCATION_HOST=127.0.0.1\n" in (DEPLOY / "usage_pipeline.env").read_text(encoding="utf-8")


def test_the_proxy_asks_for_a_password_before_each_web_server_and_not_before_the_api() -> None:
    text = (DEPLOY / "nginx.conf").read_text(encoding="utf-8")
    servers = text.split("server {")[1:]
    assert [re.findall(r"proxy_pass http://(.+);", server) for server in servers] == [
        ["127.0.0.1:3001"],
        ["127.0.0.1:3000"],
        ["127.0.0.1:8000"],
    ]
    assert [re.findall(r"auth_basic_user_file (.+);", server) for server in servers] == [
        ["/etc/nginx/usage_viewers"],
        ["/etc/nginx/usage_operators"],
        [],
    ]
