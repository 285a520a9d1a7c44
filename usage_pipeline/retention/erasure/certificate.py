"""The certificate of an erasure: what, when, by whom, how much, and digests; neither the id nor data."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from usage_pipeline.retention.erasure.counting import FILE_NAMES
from usage_pipeline.retention.erasure.erasures import Erasing
from usage_pipeline.settings import Settings
from usage_pipeline.storage import state
from usage_pipeline.storage.daily import DailyTable
from usage_pipeline.storage.digests import fingerprint
from usage_pipeline.storage.opened import Storage

FOLDER = "erasures"

OUT_OF_SCOPE = (
    "Backups: let them expire. If one is restored, erase again before anything else reads it.",
    "Reference files, which people edit, and the price books and rates that days are computed by.",
    "Files of others in the data directory, if damaged, encrypted or none of gzip, zstd, zip, Parquet and UTF-8.",
    "Copies of a killed read API, in tmp/listing-* of the data directory: delete them, or let `clean-up` do it.",
    "Logs of the platform before they came into the landing folder, and answers that others have stored.",
    "Pages that PostgreSQL has freed, until it writes them again, and its write-ahead log, until it expires.",
)
"""What an erasure does not reach, and what to do about it."""


@dataclass(frozen=True)
class Certificate:
    """The certificate of one erasure."""

    id: str
    kind: str
    subject_digest: str
    """HMAC-SHA-256 of the id, with the key of digests."""
    requested_at: str
    completed_at: str
    by: str
    reason: str
    counts: Sequence[Mapping[str, Any]]
    tables: Mapping[str, Mapping[str, str | None]]
    """By table, a digest over its partitions before and after, of tables that changed."""
    out_of_scope: Sequence[str]


def digests_of(storage: Storage, daily: Sequence[DailyTable]) -> dict[str, str]:
    """Return a digest over the partitions of each table."""
    with storage.warehouse.connect() as connection:
        known = state.partitions_of(connection, [table.name for table in daily])
    return {
        name: fingerprint(part for day in sorted(days) for part in (day, days[day].output_digest))
        for name, days in known.items()
    }


def certified(storage: Storage, erasing: Erasing, after: Mapping[str, str]) -> Certificate:
    """Return the certificate of an erasure that has found nothing left."""
    before = erasing.counts["digests"]
    return Certificate(
        id=erasing.id,
        kind=erasing.kind,
        subject_digest=erasing.subject_digest,
        requested_at=erasing.requested_at.isoformat(),
        completed_at=storage.settings.clock.now.isoformat(),
        by=erasing.by,
        reason=erasing.reason,
        counts=erasing.counts["counts"],
        tables={
            name: {"before": before.get(name), "after": digest}
            for name, digest in sorted(after.items())
            if before.get(name) != digest
        },
        out_of_scope=(*OUT_OF_SCOPE, *_names_left(erasing.counts["counts"])),
    )


def _names_left(counts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Say that files are named after a member, if they are; renamed, their lines would count twice."""
    number = sum(count["number"] for count in counts if count["what"] == FILE_NAMES)
    if not number:
        return []
    what = (
        f"The names of {number:,} landing files, which hold the id: lines are found by them, and the platform may"
    )
    return [f"{what} write to them again. Let it name files after nobody."]


def place_of(settings: Settings, certificate_id: str) -> Path:
    """Return the file of a certificate."""
    return settings.data_dir / FOLDER / f"{certificate_id}.json"


def write_certificate(storage: Storage, certificate: Certificate) -> str:
    """Write the certificate, in the place of one that an interrupted erasure wrote, and return its SHA-256."""
    target = place_of(storage.settings, certificate.id)
    target.parent.mkdir(exist_ok=True)
    content = (json.dumps(vars(certificate), indent=2, ensure_ascii=False) + "\n").encode()
    unfinished = target.with_name(f".{target.name}.part")
    with unfinished.open("wb") as stream:
        stream.write(content)
        os.fsync(stream.fileno())
    unfinished.replace(target)
    return sha256(content).hexdigest()
