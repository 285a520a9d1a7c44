"""The addresses that a webhook may be sent to: those of the internet, not those of this machine or network."""

import asyncio
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from usage_pipeline.delivery.message import ChannelDownError

Address = IPv4Address | IPv6Address

_GLOBAL_IPV6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")


def is_public(address: Address) -> bool:
    """Return True for an address that anybody can reach, also if it stands for one of IPv4."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not address.is_reserved
    inner = list(_within(address))
    if inner:
        return all(map(is_public, inner))
    return address in _GLOBAL_IPV6 and address.is_global


def _within(address: IPv6Address) -> Iterator[IPv4Address]:
    """Yield the addresses of IPv4 that one of IPv6 is only another form of, or a way to."""
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    if address.sixtofour is not None:
        yield address.sixtofour
    if address.teredo is not None:
        yield from address.teredo
    if address in _NAT64:
        yield IPv4Address(int(address) & 0xFFFFFFFF)


async def resolve(host: str, port: int, *, allow_private: bool) -> list[str]:
    """Return the addresses of a host, of which the connection has to take one.

    Raises ChannelDownError if there is none, or if any of them is private and that is not allowed.
    """
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise ChannelDownError("the name of the receiver cannot be resolved") from None
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in found))
    if not allow_private and not all(is_public(ip_address(address)) for address in addresses):
        raise ChannelDownError(
            "the receiver is at a private, loopback or reserved address; USAGE_WEBHOOK_ALLOW_PRIVATE allows these"
        )
    return addresses
