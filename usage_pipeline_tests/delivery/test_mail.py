"""E-mail over a real SMTP server: what is sent, to whom, and what is said when that fails."""

import socket
import ssl
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from usage_pipeline.delivery.channel_file import EmailEntry
from usage_pipeline.delivery.mail import MailChannel, compose
from usage_pipeline.delivery.message import Attachment, ChannelDownError, DeliveryError
from usage_pipeline.settings import Settings
from usage_pipeline_tests.delivery.receiving import PASSWORD, MailServer, mail_server, message

OPS = ["ops@example.com", "nina@example.com"]
CONTACTS = {"acme": ["boss@acme.example"], "globex": [], "initech": ["Boss <boss@initech.example>"]}

Deployment = Callable[..., Settings]
Send = Callable[..., None]


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    """A mail server without TLS."""
    with mail_server() as opened:
        yield opened


@pytest.fixture(scope="module")
def safe_server(of_localhost: ssl.SSLContext) -> Iterator[MailServer]:
    """A mail server that wants STARTTLS and a login."""
    with mail_server(tls_context=of_localhost, require_starttls=True, auth_required=True) as opened:
        yield opened


@pytest.fixture(autouse=True)
def _empty(request: pytest.FixtureRequest) -> None:
    for name in {"server", "safe_server"}.intersection(request.fixturenames):
        opened = request.getfixturevalue(name)
        for kept in (opened.mails, opened.recipients, opened.logins, opened.refused):
            kept.clear()


@pytest.fixture
def send(deployment: Deployment, request: pytest.FixtureRequest) -> Send:
    """Sends a message over the server of the test."""

    def send_one(to: object = OPS, settings: dict[str, Any] | None = None, **fields: Any) -> None:
        name = "safe_server" if "safe_server" in request.fixturenames else "server"
        given = {
            "smtp_host": "localhost",
            "smtp_port": request.getfixturevalue(name).port,
            "smtp_from": "Usage <usage@example.com>",
            "smtp_security": "none" if name == "server" else "starttls",
            **(settings or {}),
        }
        entry = EmailEntry.model_validate({"type": "email", "to": to})
        MailChannel(entry, deployment(**given), CONTACTS).send(message(**fields))

    return send_one


def test_a_mail_has_text_and_html_and_an_id_of_its_key(server: MailServer, send: Send) -> None:
    for _ in range(2):
        send(html="<p>80 %</p>", text="80 % – über Plan")
    first, second = server.mails
    assert dict(first.items()) | {"Content-Type": ""} == {
        "From": "Usage <usage@example.com>",
        "To": "ops@example.com, nina@example.com",
        "Subject": "Limit reached",
        "Date": "Mon, 01 Jun 2026 00:00:00 +0000",
        "Message-ID": "<682dc44f5fe343288d2ff050df827ff8@example.com>",
        "Auto-Submitted": "auto-generated",
        "MIME-Version": "1.0",
        "Content-Type": "",
    }
    parts = [(part.get_content_type(), part.get_content()) for part in first.iter_parts()]
    assert parts == [("text/plain", "80 % – über Plan\r\n"), ("text/html", "<p>80 %</p>\r\n")]
    assert (second["Message-ID"], server.recipients) == (first["Message-ID"], [OPS, OPS])


def test_attachments_go_along(server: MailServer, send: Send, tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "may.csv").write_bytes(b"day,total\n")
    send(attachments=(Attachment("reports/may.csv", 10),))
    (mail,) = server.mails
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content_type(), file.get_content()) == (
        "may.csv",
        "text/csv",
        "day,total\n",
    )


@pytest.mark.parametrize("content", [None, b"day,total\n2026-05-01,1\n"])
def test_an_attachment_that_is_gone_or_has_changed_is_an_error(
    server: MailServer, send: Send, tmp_path: Path, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "may.csv").write_bytes(content)
    with pytest.raises(DeliveryError, match=r"^the attachment may\.csv is gone or has changed$"):
        send(attachments=(Attachment("may.csv", 10),))
    assert server.mails == []


def test_contacts_of_the_tenant_are_told(server: MailServer, send: Send) -> None:
    send("tenant_contacts", tenant_id="acme")
    assert server.recipients == [["boss@acme.example"]]


@pytest.mark.parametrize(
    ("tenant", "said"),
    [
        (None, "the message is about no tenant whose contacts could be told"),
        ("globex", "tenants.yaml has no contacts of globex"),
        ("hooli", "tenants.yaml has no contacts of hooli"),
        ("initech", "the contacts of initech in tenants.yaml are not all addresses"),
    ],
)
def test_a_message_without_contacts_is_an_error(
    server: MailServer, send: Send, tenant: str | None, said: str
) -> None:
    with pytest.raises(DeliveryError) as error:
        send("tenant_contacts", tenant_id=tenant)
    assert (str(error.value), server.mails) == (said, [])


def test_no_subject_adds_a_header_or_a_recipient(server: MailServer, send: Send) -> None:
    send(subject="Limit\r\nBcc: eve@example.com\n\nof\x0bacme\u2028\x85reached\0")
    (mail,) = server.mails
    assert (mail["Subject"], mail["Bcc"]) == ("Limit Bcc: eve@example.com of acme reached", None)
    assert server.recipients == [OPS]


def test_no_name_of_a_file_adds_a_header(tmp_path: Path) -> None:
    (tmp_path / "may\r\nBcc: eve@example.com").write_text("total")
    mail = compose(message(), "usage@example.com", OPS, [tmp_path / "may\r\nBcc: eve@example.com"])
    (part,) = message_from_bytes(mail.as_bytes(), policy=policy.default).iter_attachments()  # type: ignore[attr-defined]
    assert (part["Bcc"], part.get_filename()) == (None, "may Bcc: eve@example.com")


def test_the_date_is_that_of_the_message_and_the_domain_that_of_the_sender() -> None:
    written = message("other", created_at=datetime(2026, 5, 1, 8, tzinfo=UTC))
    mail = compose(written, "usage@mail.example.org", OPS, [])
    assert (mail["Date"], mail["Message-ID"].partition("@")[2]) == (
        "Fri, 01 May 2026 08:00:00 +0000",
        "mail.example.org>",
    )


@pytest.mark.usefixtures("trusted")
def test_a_login_is_sent_only_after_starttls(safe_server: MailServer, send: Send) -> None:
    send(settings={"smtp_user": "me", "smtp_password": PASSWORD})
    assert (safe_server.logins, len(safe_server.mails)) == ([("me", PASSWORD)], 1)


@pytest.mark.usefixtures("trusted")
def test_mail_goes_over_tls_from_the_first_byte_on(of_localhost: ssl.SSLContext, deployment: Deployment) -> None:
    with mail_server(ssl_context=of_localhost) as server:
        settings = deployment(
            smtp_host="localhost", smtp_port=server.port, smtp_from="usage@example.com", smtp_security="tls"
        )
        MailChannel(EmailEntry.model_validate({"type": "email", "to": OPS}), settings, {}).send(message())
    assert len(server.mails) == 1


@pytest.mark.usefixtures("trusted")
def test_a_refused_login_is_an_error_without_what_was_sent(safe_server: MailServer, send: Send) -> None:
    with pytest.raises(ChannelDownError) as error:
        send(settings={"smtp_user": "me", "smtp_password": "hunter3"})
    assert str(error.value) == f"localhost:{safe_server.port} refused the login: 535 5.7.8"


def test_a_server_that_nobody_vouches_for_gets_nothing(safe_server: MailServer, send: Send) -> None:
    with pytest.raises(ChannelDownError) as error:
        send()
    assert str(error.value) == f"TLS with localhost:{safe_server.port} failed: CERTIFICATE_VERIFY_FAILED"
    assert safe_server.mails == []


def test_a_server_without_starttls_gets_nothing(server: MailServer, send: Send) -> None:
    with pytest.raises(ChannelDownError, match="does not offer what is needed: STARTTLS"):
        send(settings={"smtp_security": "starttls"})
    assert server.mails == []


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        ({"nina@example.com": "550 5.1.1 no nina here"}, None),
        ({"nina@example.com": "451 4.7.1 later"}, "the server refused 1 recipient: 451 4.7.1"),
        (dict.fromkeys(OPS, "550 not here"), "the server refused 2 recipients: 550"),
    ],
)
def test_a_mail_is_tried_again_if_a_recipient_may_still_get_it(
    server: MailServer, send: Send, refused: dict[str, str], said: str | None
) -> None:
    server.refused.update(refused)
    found = None
    try:
        send()
    except DeliveryError as error:
        found = str(error)
    assert found == said


def test_a_server_that_is_not_there_is_an_error(deployment: Deployment) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    settings = deployment(smtp_host="127.0.0.1", smtp_port=port, smtp_from="usage@example.com")
    with pytest.raises(ChannelDownError) as error:
        MailChannel(EmailEntry.model_validate({"type": "email", "to": OPS}), settings, {}).send(message())
    assert str(error.value) == f"the connection to 127.0.0.1:{port} failed: Connection refused"


def test_without_a_server_in_the_settings_nothing_is_sent(server: MailServer, send: Send) -> None:
    with pytest.raises(ChannelDownError, match=r"^USAGE_SMTP_HOST is not set$"):
        send(settings={"smtp_host": None})
    assert server.mails == []
