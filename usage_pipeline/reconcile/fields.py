"""Reads the fields of a provider's export; errors name file, bucket and path."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import MAX_PREC, Context, Decimal
from typing import Any

from usage_pipeline.errors import ProviderFileError

MOST_TOKENS = 2**63 - 1
MOST_DIGITS = 14
"""The most digits of an amount before its decimals; decimals may be any number."""

EXACT = Context(prec=MAX_PREC)
"""Adds and scales amounts exactly, however many digits they have."""

_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]{1,4})?")


@dataclass(frozen=True)
class Part:
    """An object of the file. `where` names file and bucket, `path` the object in the bucket."""

    where: str
    path: str
    fields: Mapping[str, Any]

    def has(self, name: str) -> bool:
        """Return True if the field is present and not null."""
        return self.fields.get(name) is not None

    def wrong(self, name: str, expected: str) -> ProviderFileError:
        """Return the error to raise for a field, with its value and the expected one."""
        found = json.dumps(self.fields[name], default=str)[:100] if name in self.fields else "no such field"
        return ProviderFileError(f"{self.where}: {self.path}{name}: expected {expected}, found {found}.")

    def tokens(self, name: str) -> int:
        """Read a number of tokens."""
        value = self.fields.get(name)
        if type(value) is not int or not 0 <= value <= MOST_TOKENS:
            raise self.wrong(name, "a whole number of tokens")
        return value

    def optional_tokens(self, name: str) -> int:
        """Read a number of tokens, 0 if the field is absent or null."""
        return self.tokens(name) if self.has(name) else 0

    def text(self, name: str, expected: str) -> str:
        """Read a text that is not empty."""
        value = self.fields.get(name)
        if not isinstance(value, str) or not value:
            raise self.wrong(name, expected)
        return value

    def optional_text(self, name: str) -> str | None:
        """Read a text that is not empty, null if the field is absent or null."""
        return self.text(name, "a text") if self.has(name) else None

    def decimal(self, name: str) -> Decimal:
        """Read a decimal number exactly, written as a number or as a text."""
        value = self.fields.get(name)
        if type(value) not in {int, str, Decimal} or not _NUMBER.fullmatch(str(value)):
            raise self.wrong(name, "a decimal number")
        number = Decimal(str(value))
        if number and number.adjusted() >= MOST_DIGITS:
            raise self.wrong(name, f"at most {MOST_DIGITS} digits before the decimals")
        # Providers write zeros after the last decimal, and a zero with any exponent.
        return EXACT.normalize(number)

    def part(self, name: str) -> "Part":
        """Read an object."""
        return self._at(name, name, self.fields.get(name))

    def parts(self, name: str) -> "Iterator[Part]":
        """Read a list of objects."""
        values = self.fields.get(name)
        if not isinstance(values, list):
            raise self.wrong(name, "a list")
        return (self._at(name, f"{name}[{index}]", value) for index, value in enumerate(values))

    def _at(self, name: str, path: str, value: object) -> "Part":
        if not isinstance(value, Mapping):
            raise self.wrong(name, "an object" if path == name else "a list of objects")
        return Part(self.where, f"{self.path}{path}.", value)
