"""Landing files of which nothing counts, and about which nobody has decided: quarantined, failed, all rejected.

One that lands now is news however old its landing day is.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from usage_pipeline.alerts.data.finding import Finding, Key, Look, Raised
from usage_pipeline.alerts.tables import AlertKind
from usage_pipeline.storage.landed_files import LANDING_ORDER, FileState
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.schema import landing_files

_TO_DO = "deliver a corrected file under the same name, or decide: `usage-pipeline release` or `withdraw`"
_ALL_REJECTED = "none of its lines was accepted"
_PARTS_WITH_TENANT = 4


def look_at_files(storage: Storage, connection: Connection, raised: Sequence[Raised]) -> Look:  # noqa: ARG001 - as of the other kinds
    """Find the files that somebody has to decide about."""
    files = landing_files.c
    has_nothing_accepted = (files.state == FileState.LANDED) & (files.accepted == 0) & (files.rejected > 0)
    query = select(files.path, files.source, files.landing_day, files.state, files.error, files.rejected).where(
        files.state.in_([state for state in FileState if state.needs_attention]) | has_nothing_accepted,
        files.vanished_at.is_(None),
        files.pruned_at.is_(None),
    )
    rows = connection.execute(query.order_by(*LANDING_ORDER)).mappings()
    return Look(
        [
            Finding(
                Key(AlertKind.FILE_QUARANTINED, _tenant(row["path"]), row["path"]),
                facts=(("State", f"{row['state']}: {row['error'] or _ALL_REJECTED}"), ("To do", _TO_DO)),
                numbers={"source": row["source"], "file_state": row["state"], "rejected": row["rejected"]},
                first_day=row["landing_day"],
                last_day=row["landing_day"],
            )
            for row in rows
        ]
    )


def _tenant(path: str) -> str | None:
    """Return the tenant in whose folder a file lies, if it lies in one."""
    parts = path.split("/")
    return parts[2] if len(parts) >= _PARTS_WITH_TENANT else None
