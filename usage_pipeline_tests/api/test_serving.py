"""`serve` as a process, on loopback."""

import json
import os
import signal
import socket
import subprocess
import sys

import httpx
import pytest
from fastapi.testclient import TestClient

from usage_pipeline.api.app import create_app
from usage_pipeline.api.header_time import HeaderTimeProtocol
from usage_pipeline.api.listening import address_of, listen
from usage_pipeline.api.middleware.request_limits import HEADER_BYTES
from usage_pipeline.errors import ServiceError
from usage_pipeline.storage.opened import Storage
from usage_pipeline_tests.api.conftest import NOW
from usage_pipeline_tests.api.serving import served_at
from usage_pipeline_tests.conftest import database_url_of

STOP_SECONDS = 60


def environment(storage: Storage) -> dict[str, str]:
    """The variables of a process that works on this storage."""
    return {
        **os.environ,
        "USAGE_DATA_DIR": str(storage.settings.data_dir),
        "USAGE_DATABASE_URL": database_url_of(storage.settings),
        "USAGE_DIGEST_KEY": storage.settings.digest_key.get_secret_value(),
        "USAGE_NOW": NOW.isoformat(),
    }


def test_serve_answers_until_ctrl_c_ends_it_and_logs_each_request(served: Storage, acme: TestClient) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "usage_pipeline.cli", "serve", "--port", "0"],
        env=environment(served),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told, _, rest = process.stdout.readline().removeprefix("Read API: ").partition(" ")
        assert rest == "(Ctrl+C stops it)\n"
        headers = {"Authorization": acme.headers["Authorization"], "X-Request-ID": "r1"}
        answer = httpx.get(f"{told}/v1/days", params={"tenant": "acme"}, headers=headers, timeout=60)
    finally:
        process.send_signal(signal.SIGINT)
        printed, logged = process.communicate(timeout=STOP_SECONDS)
    assert (answer.status_code, answer.headers["X-Request-ID"], answer.headers.get("Server")) == (200, "r1", None)
    assert (process.returncode, printed) == (0, "")
    (line,) = [json.loads(line) for line in logged.splitlines()]
    assert (line["message"], line["request_id"], line["client"]) == ("GET /v1/days 200", "r1", "127.0.0.1")


def test_a_port_in_use_is_told_with_what_to_do() -> None:
    with listen("127.0.0.1", 0) as other:
        port = other.getsockname()[1]
        with pytest.raises(ServiceError) as refused:
            listen("127.0.0.1", port)
    assert str(refused.value) == (
        f"Port {port} on 127.0.0.1 cannot be used (Address already in use). Stop the program that uses it, or "
        f"choose another, for example --port {port % 65_535 + 1}."
    )


def test_a_host_that_is_not_of_this_machine_is_told() -> None:
    with pytest.raises(ServiceError, match=r"Port 8000 on 192\.0\.2\.1 cannot be used \(Cannot assign requested"):
        listen("192.0.2.1", 8000)


def test_a_host_that_nobody_has_is_told() -> None:
    with pytest.raises(
        ServiceError, match=r"^nosuch\.invalid is no address of this machine\. Name one with --host"
    ):
        listen("nosuch.invalid", 8000)


def test_a_host_that_is_empty_is_not_every_address() -> None:
    with pytest.raises(ServiceError, match="No address to listen on is named"):
        listen("", 0)


def test_head_is_answered_as_get_without_the_body(served: Storage, acme: TestClient) -> None:
    paths = ("/health", "/ready", "/v1/days", "/v1/usage/list?format=csv", "/dashboard/", "/v1/nothing")
    same = ("Content-Type", "Content-Length", "Content-Disposition", "ETag", "Vary")
    with (
        served_at(create_app(served), http=HeaderTimeProtocol) as address,
        httpx.Client(base_url=address, headers={"Authorization": acme.headers["Authorization"]}) as client,
    ):
        for path in paths:
            asked, told = client.get(path), client.head(path)
            assert (told.status_code, told.content) == (asked.status_code, b"")
            assert [told.headers.get(name) for name in same] == [asked.headers.get(name) for name in same]


class Quick(HeaderTimeProtocol):
    """With little time for headers."""

    header_seconds = 0.2


def test_a_connection_whose_headers_do_not_end_is_closed(served: Storage) -> None:
    with served_at(create_app(served), http=Quick) as address:
        url = httpx.URL(address)
        with httpx.Client(base_url=address) as kept, socket.create_connection((url.host, url.port or 0)) as slow:
            assert kept.get("/health").status_code == 200
            slow.settimeout(STOP_SECONDS)
            slow.sendall(b"GET /health HTTP/1.1\r\nHost: api\r\n")
            assert slow.recv(1) == b""
            assert kept.get("/health").status_code == 200


def answer_to(address: str, *pieces: bytes) -> bytes:
    """What comes on a connection until the server closes it, after these pieces were sent."""
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 0), timeout=STOP_SECONDS) as connection:
        for piece in pieces:
            connection.sendall(piece)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_headers_come_in_pieces_and_after_other_requests(served: Storage) -> None:
    with served_at(create_app(served), http=HeaderTimeProtocol) as address:
        request = b"GET /health HTTP/1.1\r\nHost: api\r\n"
        answer = answer_to(address, request, b"\r\n", request, b"Connection: close\r\n\r\n")
    assert answer.count(b"HTTP/1.1 200 OK") == 2


@pytest.mark.parametrize(
    "headers",
    [
        b"X-Long: " + b"a" * 2 * HEADER_BYTES,
        b"X-Long: a\r\n" * (HEADER_BYTES // 5),
        b"Host api\r\n\r\n",
        b"X: \0\r\n\r\n",
    ],
)
def test_headers_that_are_too_large_or_none_are_refused(served: Storage, headers: bytes) -> None:
    with served_at(create_app(served), http=HeaderTimeProtocol) as address:
        assert answer_to(address, b"GET /health HTTP/1.1\r\n", headers).startswith(b"HTTP/1.1 400 Bad Request")


@pytest.mark.parametrize("path", [b"/\xff", b"/v1/days?from=\xff", b"nowhere", b"/%ff"])
def test_a_path_of_any_bytes_is_answered(served: Storage, path: bytes) -> None:
    with served_at(create_app(served), http=HeaderTimeProtocol) as address:
        answer = answer_to(address, b"GET " + path + b" HTTP/1.1\r\nHost: api\r\nConnection: close\r\n\r\n")
    assert answer.split()[1] in {b"400", b"401", b"404"}


def test_the_address_of_ipv6_is_one_that_a_browser_can_open() -> None:
    with listen("::1", 0) as listener:
        assert address_of(listener) == f"http://[::1]:{listener.getsockname()[1]}"
