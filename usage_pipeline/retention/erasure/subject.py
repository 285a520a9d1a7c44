"""Who is erased, and how the id of a tenant or member is found in texts.

An id is found as a whole word, also within JSON and within a path, and not within a longer name that is known. Of
an id that is a number, or without letters and short, others are left alone: it is found between quotes or slashes.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

from usage_pipeline.errors import QueryError
from usage_pipeline.settings import Settings
from usage_pipeline.storage.digests import keyed_digest
from usage_pipeline.storage.engine import literal
from usage_pipeline.storage.pruned import tenant_digest
from usage_pipeline.storage.tables import ERASED_TENANT

GONE = f"({ERASED_TENANT})"
"""What stands in the place of an id, and of names that the people of an erased tenant gave."""
BLANKS = "".join(char for char in map(chr, range(0x3001)) if char.isspace())
"""White space, which makes no other tenant of an id that it stands around."""


@dataclass(frozen=True)
class Subject:
    """A tenant, or a member of it."""

    tenant_id: str
    member_id: str | None = None

    def __post_init__(self) -> None:
        """Raise QueryError without an id: it would be found everywhere."""
        if not all(name.strip() for name in (self.tenant_id, self.member_id) if name is not None):
            raise QueryError(
                "An id is empty: give that of the tenant and, to erase only a member, that of the member."
            )

    @property
    def kind(self) -> str:
        """`tenant` or `member`."""
        return "tenant" if self.member_id is None else "member"

    @property
    def name(self) -> str:
        """The id that must not be found any more."""
        return self.tenant_id if self.member_id is None else self.member_id

    @property
    def tenant(self) -> "Word | None":
        """The tenant's id as a word, beside which that of a member is found; None of a tenant."""
        return None if self.member_id is None else Word(self.tenant_id)

    def digest(self, settings: Settings) -> str:
        """Return a keyed digest: who has the key and the id can tell whom a certificate is about."""
        if self.member_id is None:
            return tenant_digest(settings, self.tenant_id)
        return keyed_digest(settings, self.kind, self.tenant_id, self.member_id)


@dataclass(frozen=True)
class Word:
    """An id as it may stand in texts. `longer` are other names that hold it as a word."""

    text: str
    others: Collection[str] = field(default=(), compare=False)
    """The ids of others of its kind."""
    beside: Collection[str] = field(default=(), compare=False)
    """Names of another kind."""
    strangers: Collection[str] = field(default=(), compare=False)
    """Of a member's id, the other tenants: beside one of these it means somebody else."""

    @cached_property
    def longer(self) -> tuple[str, ...]:
        """The other names in which it is no id of its own."""
        names = {*self.others, *self.beside} - {self.text}
        return tuple(sorted(name for name in names if self._alone.search(name)))

    def found_in(self, text: str) -> bool:
        """Return True if it stands in the text."""
        return any(match["name"] for match in self._any.finditer(text))

    def removed_from(self, text: str) -> str:
        """Return the text with something else in its place."""
        return self._any.sub(lambda match: GONE if match["name"] else match[0], text)

    def sql(self, value: str) -> str:
        """Return DuckDB's condition that it stands in a value."""
        alone = f"regexp_replace({value}, {literal(self.longer_pattern)}, '', 'g')" if self.longer else value
        return f"coalesce({self.contained_in(value)} AND regexp_matches({alone}, {literal(self.pattern)}), false)"

    def sql_of(self, columns: Iterable[str]) -> str:
        """Return DuckDB's condition that it stands in one of these columns; false without any."""
        names = ", ".join(f'"{name}"' for name in columns)
        return self.sql(f"concat_ws(chr(31), {names})") if names else "false"

    def contained_in(self, value: str) -> str:
        """Return DuckDB's condition that it may stand in a value, which is tested faster."""
        return f"({' OR '.join(f'contains({value}, {literal(spelling)})' for spelling in spellings(self.text))})"

    @property
    def pattern(self) -> str:
        """The pattern of RE2 that finds it where no longer name is."""
        before, behind = (_BETWEEN, _BETWEEN) if self.is_number else (_BEFORE, _BEHIND)
        return f"(^|{before})({self._spellings})($|{behind})"

    @property
    def longer_pattern(self) -> str:
        """The pattern of the longer names; only to be used if there are any."""
        return "|".join(re.escape(spelling) for name in self.longer for spelling in spellings(name))

    @property
    def is_number(self) -> bool:
        """Whether it is told from others only between quotes and slashes."""
        digits = sum(char.isdigit() for char in self.text)
        return digits == len(self.text) or (digits < _TELLING and not any(char.isalpha() for char in self.text))

    @property
    def _spellings(self) -> str:
        return "|".join(map(re.escape, spellings(self.text)))

    @cached_property
    def _alone(self) -> re.Pattern[str]:
        # Nothing before the id is part of the match, so that a longer name that begins there is found first.
        before = r"(?:^|(?<=[\"'/\\]))" if self.is_number else r"(?:(?<!\w)|(?<=\\[nrtbf]))"
        behind = r"(?=\Z|[\"'/\\])" if self.is_number else r"(?!\w)"
        return re.compile(f"{before}(?P<name>{self._spellings}){behind}")

    @cached_property
    def _any(self) -> re.Pattern[str]:
        longer = f"{self.longer_pattern}|" if self.longer else ""
        return re.compile(f"{longer}{self._alone.pattern}")


_TELLING = 7
"""So many digits between other characters, as in a telephone number, are no number and no date."""
_BEFORE, _BEHIND = r"[^\pL\pN_]|\\[nrtbf]", r"[^\pL\pN_]"
_BETWEEN = r"[\"'/\\\x1f]"


def spellings(text: str) -> list[str]:
    """Return how a text may be written: as it is, within JSON, and within JSON that is a text of JSON."""
    found = {text}
    for _ in range(2):
        found |= {spelled for one in found for spelled in _in_json(one)}
    return sorted(found, key=lambda one: (-len(one), one))


def _in_json(text: str) -> Iterator[str]:
    """Yield a text as writers of JSON escape it: Python, JavaScript and Go, .NET, and PHP."""
    plain, ascii_only = (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True))
    yield from (plain, ascii_only)
    yield _escaped(plain, "&<>")
    yield _UNICODE.sub(_upper, _escaped(ascii_only, "&<>'+`"))
    yield from (ascii_only.replace("/", "\\/"), plain.replace("/", "\\/"))


def _escaped(text: str, characters: str) -> str:
    return "".join(f"\\u{ord(char):04x}" if char in characters else char for char in text)


def _upper(escape: re.Match[str]) -> str:
    return f"\\u{escape[1].upper()}"


_UNICODE = re.compile(r"\\u([0-9a-f]{4})")
