"""The socket that a server listens on."""

import os
import socket

from usage_pipeline.errors import ServiceError


def listen(host: str, port: int, option: str = "--port") -> socket.socket:
    """Return a socket that listens there; with port 0, on a free one.

    Raises ServiceError if it cannot, and names the option by which another port is chosen.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        why = error.strerror if isinstance(error, socket.gaierror) else os.strerror(error.errno or 0)
        raise ServiceError(
            f"Port {port} on {host} cannot be used ({why}). Stop the program that uses it, or choose another, "
            f"for example {option} {port % 65_535 + 1}."
        ) from None


def address_of(listener: socket.socket) -> str:
    """Return the address of what listens there."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if listener.family is socket.AF_INET6 else f"http://{host}:{port}"
