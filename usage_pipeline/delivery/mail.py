"""The channel for e-mail: composes a message and hands it to the SMTP server of the settings."""

import mimetypes
import re
import smtplib
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path

from usage_pipeline.delivery.channel_file import CONTACTS, EmailEntry, is_address
from usage_pipeline.delivery.message import ChannelDownError, DeliveryError, Message
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.words import count

_SECONDS = 30
_PERMANENT = range(500, 600)
_ENHANCED_CODE = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?=\s|$)")


@dataclass(frozen=True)
class MailChannel:
    """Sends e-mail to fixed addresses, or to the contacts of the tenant that a message is about."""

    entry: EmailEntry
    settings: Settings
    contacts: Mapping[str, Sequence[str]]
    """By tenant."""

    def send(self, message: Message) -> None:
        """Hand it to the server for all recipients. Raises DeliveryError."""
        if problem := self.entry.problem(self.settings):
            raise ChannelDownError(problem)
        recipients = self._recipients(message)
        mail = compose(message, self.settings.smtp_from or "", recipients, message.files(self.settings.data_dir))
        with _connected(self.settings) as server:
            try:
                refused = server.send_message(mail, to_addrs=recipients)
            except smtplib.SMTPRecipientsRefused as error:
                raise DeliveryError(_told(error.recipients)) from None
        # Those whom the server refuses for good are not asked for again: the others would get it again each time.
        if any(code not in _PERMANENT for code, _ in refused.values()):
            raise DeliveryError(_told(refused))

    def _recipients(self, message: Message) -> list[str]:
        if self.entry.to != CONTACTS:
            return list(self.entry.to)
        if message.tenant_id is None:
            raise DeliveryError("the message is about no tenant whose contacts could be told")
        found = self.contacts.get(message.tenant_id, ())
        if not found:
            raise DeliveryError(f"tenants.yaml has no contacts of {message.tenant_id}")
        if not all(map(is_address, found)):
            raise DeliveryError(f"the contacts of {message.tenant_id} in tenants.yaml are not all addresses")
        return list(dict.fromkeys(found))


def compose(message: Message, sender: str, recipients: Sequence[str], files: Sequence[Path]) -> EmailMessage:
    """Return a message as e-mail, the same each time: the id is that of its key."""
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(recipients)
    mail["Subject"] = _one_line(message.subject)
    mail["Date"] = format_datetime(message.created_at)
    mail["Message-ID"] = f"<{fingerprint([message.key])}@{sender.rstrip('>').rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # so that nobody's holiday notice answers
    mail.set_content(message.text)
    if message.html is not None:
        mail.add_alternative(message.html, subtype="html")
    for path in files:
        kind, _, part = (mimetypes.guess_type(path.name)[0] or "application/octet-stream").partition("/")
        mail.add_attachment(path.read_bytes(), maintype=kind, subtype=part, filename=_one_line(path.name))
    return mail


@contextmanager
def _connected(settings: Settings) -> Iterator[smtplib.SMTP]:
    """Connect and log in. Raises ChannelDownError for all that is wrong with the server, also within."""
    place = f"{settings.smtp_host}:{settings.smtp_port}"
    try:
        server = _connect(settings)
        try:
            if settings.smtp_user and settings.smtp_password:
                server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
            yield server
        finally:
            with suppress(smtplib.SMTPException, OSError):  # it has the message already, or has failed
                server.quit()
    except smtplib.SMTPAuthenticationError as error:
        raise ChannelDownError(f"{place} refused the login: {_code(error.smtp_code, error.smtp_error)}") from None
    except smtplib.SMTPResponseException as error:
        raise ChannelDownError(f"{place} answered {_code(error.smtp_code, error.smtp_error)}") from None
    except smtplib.SMTPNotSupportedError:
        raise ChannelDownError(
            f"{place} does not offer what is needed: STARTTLS, a login or addresses beyond ASCII"
        ) from None
    except ssl.SSLError as error:
        raise ChannelDownError(f"TLS with {place} failed: {error.reason}") from None
    except TimeoutError:
        raise ChannelDownError(f"{place} did not answer within {_SECONDS} s") from None
    except (smtplib.SMTPException, OSError) as error:
        why = getattr(error, "strerror", None) or type(error).__name__
        raise ChannelDownError(f"the connection to {place} failed: {why}") from None


def _connect(settings: Settings) -> smtplib.SMTP:
    host, port = settings.smtp_host or "", settings.smtp_port
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
    server = smtplib.SMTP(host, port, timeout=_SECONDS)
    if settings.smtp_security == "starttls":
        try:
            server.starttls(context=ssl.create_default_context())
        except BaseException:
            server.close()
            raise
    return server


def _told(refused: Mapping[str, tuple[int, bytes]]) -> str:
    codes = sorted({_code(code, text) for code, text in refused.values()})
    return f"the server refused {count(len(refused), 'recipient')}: {', '.join(codes)}"


def _code(code: int, text: bytes | str) -> str:
    """Return the numbers of an answer. Its words may repeat what was sent, such as a login."""
    words = text.decode(errors="replace") if isinstance(text, bytes) else text
    enhanced = _ENHANCED_CODE.match(words)
    return f"{code} {enhanced[0]}" if enhanced else str(code)


def _one_line(text: str) -> str:
    """Return a text that a header can hold, whatever is in it."""
    return "".join(char for char in " ".join(text.split()) if char.isprintable())
