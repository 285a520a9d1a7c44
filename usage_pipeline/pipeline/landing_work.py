"""What the landing folder asks for: compares it with what the state says has landed."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from usage_pipeline.events.landing.rules import LandingRules
from usage_pipeline.events.landing.scan import LandingFile, Misplaced, scan_landing
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.events.source_format import SourceFormat, load_formats
from usage_pipeline.storage import landed_files, state
from usage_pipeline.storage.landed_files import FileState, LandedFile
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.state import Partition
from usage_pipeline.tenants.models import Tenants
from usage_pipeline.tenants.reference import load_tenants


@dataclass(frozen=True)
class LandingWork:
    """The landing days to land, and what is odd in the landing folder.

    Changed formats or rules land nothing by themselves: `outdated` days would be read differently now.
    """

    days: list[date]
    misplaced: Sequence[Misplaced]
    vanished: list[str]
    outdated: list[date]


def find_landing_work(storage: Storage) -> LandingWork:
    """The days with new or changed files, or whose objects are gone; and what is odd."""
    formats = load_formats(storage.settings)
    scan = scan_landing(storage.settings, formats)
    with storage.warehouse.connect() as connection:
        known = {file.path: file for file in landed_files.files(connection)}
        partitions = state.partitions(connection, LANDED_EVENTS.name)
    days = {
        day
        for day, files in scan.days().items()
        if day not in partitions
        or not partitions[day].committed
        or any(_needs_landing(storage, file, known.get(file.path)) for file in files)
    }
    tenants = load_tenants(storage.settings)
    return LandingWork(
        days=sorted(days),
        misplaced=scan.misplaced,
        vanished=sorted(path for path in known if not _is_there(storage, path)),
        outdated=sorted(
            day
            for day, files in scan.days().items()
            if day not in days
            and (
                _has_other_rules(storage, tenants, partitions[day])
                or any(_has_other_format(formats, known[file.path]) for file in files)
            )
        ),
    )


def scan_days(storage: Storage) -> dict[date, list[LandingFile]]:
    """The files of the landing folder, by landing day."""
    return scan_landing(storage.settings, load_formats(storage.settings)).days()


def landing_days(storage: Storage) -> set[date]:
    """The landing days that have files."""
    return set(scan_days(storage))


def _is_there(storage: Storage, path: str) -> bool:
    # Path.exists raises where it may not look.
    return os.path.exists(storage.settings.landing / path)  # noqa: PTH110


def _needs_landing(storage: Storage, file: LandingFile, known: LandedFile | None) -> bool:
    if known is None or (known.size, known.mtime_ns) != (file.size, file.mtime_ns):
        return True
    if known.state is FileState.FAILED:
        return False
    return not storage.lake.exists(storage.lake.object(LANDED_EVENTS, known.landing_day, known.object_name))


def _has_other_rules(storage: Storage, tenants: Tenants, partition: Partition) -> bool:
    return partition.code_version != LandingRules(storage.settings, tenants, partition.day).digest


def _has_other_format(formats: Mapping[str, SourceFormat], known: LandedFile) -> bool:
    return known.format_digest != formats[known.source].digest
