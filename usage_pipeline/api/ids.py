"""Ids within paths. They hold any character; `path` of the framework takes slashes, but no new lines."""

from starlette.convertors import Convertor, register_url_convertor

_ANY = "any_id"


class _AnyId(Convertor[str]):
    regex = r"[\s\S]*"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor(_ANY, _AnyId())


def any_id(name: str) -> str:
    """Return the part of the path of a route that holds an id."""
    return f"{{{name}:{_ANY}}}"
