"""Reads the shipped suites and the user's own entries, which add to them.

A file is named after its table. An entry of the user's file replaces the shipped entry of the same name; `off`
leaves it out.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from usage_pipeline.errors import SuiteError
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.records.tables import USAGE_RECORDS
from usage_pipeline.settings import Settings
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.validation.checks import Check, Severity
from usage_pipeline.validation.suite import KINDS, Entry, HasColumns
from usage_pipeline.words import did_you_mean
from usage_pipeline.yaml_file import parse_entry, read_yaml, yaml_files

SUITES = Path(__file__).with_name("suites")

CHECKED: dict[str, TableSpec] = {spec.name: spec for spec in (LANDED_EVENTS, USAGE_RECORDS.spec)}
"""The tables that have a suite."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Suite:
    """The checks of one table, by name."""

    spec: TableSpec
    entries: Mapping[str, Entry]

    @property
    def checks(self) -> tuple[Check, ...]:
        """The entries as checks."""
        return tuple(
            Check(self.spec.name, name, severity_of(entry), entry.description)
            for name, entry in self.entries.items()
        )


def severity_of(entry: Entry) -> Severity:
    """Return the severity of a failure: only a broken schema is an error."""
    return Severity.ERROR if isinstance(entry, HasColumns) else Severity.WARNING


def load_suites(settings: Settings) -> dict[str, Suite]:
    """Return the suites by table, with the user's entries. Raises SuiteError naming file, entry and key."""
    own = settings.suites_dir
    if own is not None:
        _check_folder(own)
    folders = [SUITES, *([own] if own else [])]
    return {name: Suite(spec, _entries(spec, folders)) for name, spec in CHECKED.items()}


def shipped_suites() -> dict[str, Suite]:
    """Return the suites by table, as the project ships them."""
    return {name: Suite(spec, _entries(spec, [SUITES])) for name, spec in CHECKED.items()}


def _check_folder(folder: Path) -> None:
    if not folder.is_dir():
        raise SuiteError(f"USAGE_SUITES_DIR={folder}: there is no such directory.")
    for file in yaml_files(folder):
        if file.name not in {f"{name}.yaml" for name in CHECKED}:
            names = " or ".join(f"{name}.yaml" for name in CHECKED)
            raise SuiteError(f"{file}: expected {names}; the file's name says which table it checks.")


def _entries(spec: TableSpec, folders: list[Path]) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for file in (folder / f"{spec.name}.yaml" for folder in folders):
        for name, content in (read_yaml(file, SuiteError) if os.path.lexists(file) else {}).items():
            if content is False:
                _leave_out(file, name, entries)
            else:
                entries[name] = _entry(spec, file, name, content)
    return entries


def _leave_out(file: Path, name: str, entries: dict[str, Entry]) -> None:
    if entries.pop(name, None) is None:
        raise SuiteError(f"{file}: {name}: no shipped check has this name; remove the entry.")


def _entry(spec: TableSpec, file: Path, name: str, content: object) -> Entry:
    place = f"{file}: {name}"
    if not _NAME.fullmatch(name):
        raise SuiteError(f"{place}: expected a name of small letters, digits and _ that begins with a letter.")
    if not isinstance(content, dict):
        raise SuiteError(f"{place}: expected the keys of a check, or `off` to leave a shipped one out.")
    kind = KINDS.get(str(content.get("expect")))
    if kind is None:
        raise SuiteError(f"{place}: expect: expected one of {', '.join(KINDS)}, found {content.get('expect')!r}.")
    entry = parse_entry(kind, content, place, SuiteError)
    _check_columns(spec, place, entry)
    return entry


def _check_columns(spec: TableSpec, place: str, entry: object) -> None:
    column = getattr(entry, "column", None)
    for name in (*getattr(entry, "columns", ()), *([column] if column else [])):
        if name not in spec.column_names:
            meant = did_you_mean(name, spec.column_names, most=1)
            raise SuiteError(f"{place}: {spec.name} has no column {name!r}{f'; {meant}' if meant else '.'}")
