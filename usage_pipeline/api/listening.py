"""The socket that a server listens on."""

import os
import socket

from usage_pipeline.errors import ServiceError

_NO_SUCH_NAME = socket.EAI_NONAME


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Return a socket that listens there; with port 0, on a free one.

    Raises ServiceError if it cannot, and names the option by which another port is chosen.
    """
    if not host.strip():  # it would be every address of this machine
        raise ServiceError("No address to listen on is named. Name one with --host, for example 127.0.0.1.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except (OSError, UnicodeError) as error:
        code = error.errno or 0 if isinstance(error, OSError) else _NO_SUCH_NAME
        if code < 0:  # as the search for a name numbers its errors
            raise ServiceError(
                f"{host} is no address of this machine. Name one with --host, for example 127.0.0.1."
            ) from None
        why = os.strerror(code)
        raise ServiceError(
            f"Port {port} on {host} cannot be used ({why}). Stop the program that uses it, or choose another, "
            f"for example {option} {port % 65_535 + 1}."
        ) from None


def address_of(listener: socket.socket) -> str:
    """Return the address of what listens there."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family is socket.AF_INET6 else f"http://{host}:{port}"
