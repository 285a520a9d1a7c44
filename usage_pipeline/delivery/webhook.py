"""The channel for webhooks: signed requests by the Standard Webhooks scheme."""

import asyncio
import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import httpx
from standardwebhooks import Webhook

from usage_pipeline.delivery.addresses import resolve
from usage_pipeline.delivery.channel_file import WebhookEntry
from usage_pipeline.delivery.message import ChannelDownError, DeliveryError, GoneError, Message
from usage_pipeline.settings import Settings

_SECONDS = 20
"""For a whole request: a receiver that answers a byte at a time holds up nobody."""
_SECONDS_TO_CONNECT = 5
_ASKS_TO_WAIT = {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}


@dataclass(frozen=True)
class WebhookChannel:
    """Sends the payload of a message, or its subject and text, to one receiver."""

    entry: WebhookEntry
    settings: Settings

    def send(self, message: Message) -> None:
        """Send it, and expect an answer of success. Raises DeliveryError."""
        if problem := self.entry.problem(self.settings):
            raise ChannelDownError(problem)
        now = datetime.now(UTC)  # receivers refuse requests of another time than theirs
        body = body_of(message)
        headers = signed_headers(message.key, body, self.entry.key, now)
        allow_private = self.settings.webhook_allow_private
        answer = asyncio.run(_post(self.entry.target, headers, body, allow_private=allow_private))
        _expect_success(answer, now)


def body_of(message: Message) -> str:
    """Return the body of the request."""
    content = {"subject": message.subject, "text": message.text} if message.payload is None else message.payload
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def signed_headers(key: str, body: str, signing_key: bytes, now: datetime) -> dict[str, str]:
    """Return the headers by which a receiver verifies a request and knows it again."""
    return {
        "content-type": "application/json",
        "user-agent": "usage_pipeline",
        "webhook-id": key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(signing_key).sign(key, now, body),
    }


async def _post(url: str, headers: dict[str, str], body: str, *, allow_private: bool) -> httpx.Response:
    """Send a request, and return status and headers of the answer, which may be a redirect that nobody follows.

    The transport does not resolve the name again, reads no proxies and logs no address.
    """
    try:
        async with asyncio.timeout(_SECONDS):
            target = httpx.URL(url)
            port = target.port or {"http": 80, "https": 443}[target.scheme]
            addresses = await resolve(target.raw_host.decode(), port, allow_private=allow_private)
            async with httpx.AsyncHTTPTransport(verify=_trusted(target.scheme), trust_env=False) as transport:
                return await _post_to_first(transport, addresses, _request(target, headers, body))
    except TimeoutError:
        raise ChannelDownError(f"the receiver did not answer within {_SECONDS} s") from None
    except httpx.InvalidURL:
        raise ChannelDownError("the address of the receiver is none") from None
    except httpx.TransportError as error:
        raise ChannelDownError(_why(error)) from None


def _trusted(scheme: str) -> ssl.SSLContext:
    """Return whose certificates are trusted: without TLS nobody's, because reading them takes 30 ms."""
    return ssl.create_default_context() if scheme == "https" else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _request(target: httpx.URL, headers: dict[str, str], body: str) -> httpx.Request:
    timeout = httpx.Timeout(_SECONDS, connect=_SECONDS_TO_CONNECT).as_dict()
    extensions = {"sni_hostname": target.raw_host.decode(), "timeout": timeout}
    named = {"host": target.netloc.decode(), **headers}
    return httpx.Request("POST", target, headers=named, content=body.encode(), extensions=extensions)


async def _post_to_first(
    transport: httpx.AsyncHTTPTransport, addresses: list[str], request: httpx.Request
) -> httpx.Response:
    """Send it to the first address that can be connected to, under the name that it has."""
    for place, address in enumerate(addresses, start=1):
        request.url = request.url.copy_with(host=address)
        try:
            response = await transport.handle_async_request(request)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            if place == len(addresses):
                raise
        else:
            await response.aclose()
            return response
    raise ChannelDownError("the name of the receiver cannot be resolved")


def _expect_success(answer: httpx.Response, now: datetime) -> None:
    status = answer.status_code
    if answer.is_success:
        return
    told = f"the receiver answered {status}"
    if status == HTTPStatus.GONE:
        raise GoneError(f"{told}: it is gone for good")
    if answer.is_redirect:
        raise ChannelDownError(f"{told}: redirects are not followed")
    if status in _ASKS_TO_WAIT or answer.is_server_error:
        raise ChannelDownError(told, retry_after(answer.headers.get("retry-after", ""), now))
    raise DeliveryError(told)


def retry_after(header: str, now: datetime) -> timedelta | None:
    """Return how long a receiver asks to wait, in seconds or until a time; None if it does not say."""
    if header.strip().isascii() and header.strip().isdigit():
        return timedelta(seconds=min(int(header), 10**6))
    try:
        return max(parsedate_to_datetime(header).astimezone(UTC) - now, timedelta())
    except (ValueError, TypeError):
        return None


def _why(error: httpx.TransportError) -> str:
    """Return what went wrong in words of our own: those of libraries may hold the address, which may be secret."""
    tls = next((cause for cause in _causes(error) if isinstance(cause, ssl.SSLError)), None)
    if tls is not None:
        return f"TLS with the receiver failed: {tls.reason}"
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return "the receiver cannot be connected to"
    return f"the connection to the receiver broke: {type(error).__name__}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
