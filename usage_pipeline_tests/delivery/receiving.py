"""Servers on this machine that messages are delivered to, and the messages."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope, Session

from usage_pipeline.delivery.message import Message
from usage_pipeline_tests.conftest import NOW

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"  # noqa: S105 - public
"""The example of the Standard Webhooks specification."""
PASSWORD = "hunter2"  # noqa: S105 - of no account


def message(key: str = "alert-1", *channels: str, **fields: Any) -> Message:
    """A message of the present of tests."""
    values: dict[str, Any] = {
        "subject": "Limit reached",
        "text": "80 % of the tokens are used.",
        "created_at": NOW,
    }
    return Message(key, channels, **{**values, **fields})


@dataclass(frozen=True)
class Request:
    """A request that a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server that keeps what it gets, and answers as it is told, by default with 204."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """The ids of the messages, in the order in which they came."""
        return [request.headers["webhook-id"] for request in self.requests]

    def answer(self, *statuses: int, **headers: str) -> None:
        """Answer the next requests with these."""
        self.answers += [
            (status, {name.replace("_", "-"): text for name, text in headers.items()}) for status in statuses
        ]


@contextmanager
def receiving(host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver at this address, over TLS if it has a context."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): text for name, text in self.headers.items()}
            receiver.requests.append(Request(self.path, headers, body))
            status, more = receiver.answers.pop(0) if receiver.answers else (204, {})
            self.send_response(status)
            for name, text in {"content-length": "0", **more}.items():
                self.send_header(name, text)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    class Server(ThreadingHTTPServer):
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    with Server((host, 0), Handler) as server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        named = f"[{host}]" if ":" in host else host
        receiver.url = f"{'https' if tls else 'http'}://{named}:{server.server_port}/usage"
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield receiver
        server.shutdown()
        thread.join()


@dataclass
class MailServer:
    """An SMTP server that keeps the mail it gets, and answers as it is told."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    """The answers to some recipients."""

    async def handle_RCPT(  # noqa: N802 - its name
        self, _server: object, _session: Session, envelope: Envelope, address: str, _options: object
    ) -> str:
        """Accept or refuse a recipient."""
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: object, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - its name
        """Keep a mail."""
        self.mails.append(message_from_bytes(bytes(envelope.content or b""), policy=policy.default))  # type: ignore[arg-type]
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"

    def authenticate(
        self, _server: object, _session: object, _envelope: object, _kind: str, data: Any
    ) -> AuthResult:
        """Accept the password, and repeat what was sent where it is another one, as no server should."""
        login = (data.login.decode(), data.password.decode())
        self.logins.append(login)
        if login[1] == PASSWORD:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False, message=f"535 5.7.8 no user {login[0]} with {login[1]}")


class _OnAnyPort(Controller):
    def _trigger_server(self) -> None:
        assert self.server is not None
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(**options: Any) -> Iterator[MailServer]:
    """A mail server at the loopback address."""
    handler = MailServer()
    controller = _OnAnyPort(handler, "127.0.0.1", 0, authenticator=handler.authenticate, **options)
    controller.start()
    handler.port = controller.port
    yield handler
    controller.stop()
