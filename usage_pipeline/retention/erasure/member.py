"""Erases a member from the landed events of its tenant: the events stay, without what could name a person."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from duckdb import DuckDBPyConnection
from sqlalchemy import Connection

from usage_pipeline.events.landing.verdicts import event_days
from usage_pipeline.events.record import LANDED_EVENTS
from usage_pipeline.retention.erasure.subject import GONE, Subject, Word
from usage_pipeline.retention.erasure.sums import is_named, texts_of
from usage_pipeline.retention.removal import copy_rows
from usage_pipeline.storage import landed_days, landed_files
from usage_pipeline.storage.daily import SqlFile
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.rows import register_rows
from usage_pipeline.storage.tables import columns

_IDS = ("record_id", "void_record_id")
_PERSONAL = (
    *("meta", "contact_id", "session_id", "message_id", "task_id"),
    *("prompt_digest", "content_digest"),
)
"""What may name or find a person, besides the member's id."""
_SHARED = columns(("digest", "VARCHAR", "Digest of a conversation."))


def shared_conversations(storage: Storage, subject: Subject, word: Word) -> list[str]:
    """Return the digests of the conversations that a member took part in or is named in; also of erased ones."""
    if subject.member_id is None:
        return []
    objects = sorted((storage.settings.data_dir / LANDED_EVENTS.zone / LANDED_EVENTS.name).glob("*/*.parquet"))
    if not objects:
        return []
    with session(storage.engine) as duck:
        found = duck.execute(
            f"SELECT DISTINCT {_digest(storage)} FROM {parquet_scan(objects)} AS landed "
            f"WHERE tenant_id = {literal(subject.tenant_id)} AND conversation_id IS NOT NULL "
            f"AND ({word.sql_of(('member_id', 'conversation_id'))} OR conversation_id LIKE 'erased:%')"
        )
        return [digest for (digest,) in found.fetchall()]


def _digest(storage: Storage) -> str:
    """Return the SQL of the digest that `conversations` keeps in the place of the id."""
    key = literal(storage.settings.digest_key.get_secret_value())
    parts = (key, "landed.tenant_id", "landed.source", "landed.conversation_id")
    return (
        "CASE WHEN landed.conversation_id LIKE 'erased:%' THEN substr(landed.conversation_id, 8) "
        f"ELSE sha256({' || chr(31) || '.join(parts)}) END"
    )


class MemberRows:
    """Rewrites the landed events of a tenant without a member, in a session of DuckDB."""

    def __init__(
        self, storage: Storage, duck: DuckDBPyConnection, subject: Subject, word: Word, shared: Iterable[str]
    ) -> None:
        """Make the conversations that the member took part in readable."""
        self._storage = storage
        self._duck = duck
        self._subject = subject
        self._word = word
        register_rows(duck, "shared", _SHARED, ([digest] for digest in shared))

    def rewrite(self, connection: Connection, landing_file: str, path: Path) -> bool:
        """Replace an object if something in it names the member. The state gets its digests before it is there."""
        scan = f"FROM {parquet_scan([path])} AS landed"
        of_tenant = f"tenant_id = {literal(self._subject.tenant_id)}"
        is_raw = "conversation_id NOT LIKE 'erased:%' AND " + self._is_shared
        named = f"{is_named(LANDED_EVENTS, self._subject, self._word)} OR ({of_tenant} AND {is_raw})"
        rows, found = self._duck.execute(f"SELECT count(*), count(*) FILTER ({named}) {scan}").fetchall()[0]
        if found:
            self._storage.lake.replace(path, partial(self._write, connection, landing_file, path, rows))
        return bool(found)

    def _write(self, connection: Connection, landing_file: str, before: Path, expected: int, path: Path) -> None:
        of_tenant = f"tenant_id = {literal(self._subject.tenant_id)}"
        self._duck.execute(
            f"CREATE OR REPLACE TEMP VIEW landed AS SELECT *, {self._word.sql('member_id')} AS is_named, "
            f"{_digest(self._storage)} AS digest, {self._is_shared} AS is_shared "
            f"FROM {parquet_scan([before])} AS landed WHERE {of_tenant}"
        )
        names = ", ".join(f'"{name}"' for name in LANDED_EVENTS.column_names)
        others = f"SELECT {names} FROM {parquet_scan([before])} WHERE NOT coalesce({of_tenant}, false)"
        select = f"{self._select.text} UNION ALL {others}"
        copy_rows(self._duck, select, expected, path)
        landed_files.mark_erased(connection, landing_file, self._storage.settings.clock.now)
        landed_days.record_digests(connection, event_days(self._duck, [path])[landing_file])
        connection.commit()

    @property
    def _is_shared(self) -> str:
        return f"coalesce({_digest(self._storage)} IN (SELECT digest FROM shared), false)"

    @property
    def _select(self) -> SqlFile:
        texts = {name: self._word.sql(f'landed."{name}"') for name in texts_of(LANDED_EVENTS)}
        roles = tuple((name, self._role(name), texts.get(name, "false")) for name in LANDED_EVENTS.column_names)
        key = literal(self._storage.settings.digest_key.get_secret_value())
        return SqlFile.beside(__file__, "member_rows", columns=roles, key=key, gone=literal(GONE))

    @staticmethod
    def _role(name: str) -> str:
        if name == "conversation_id":
            return "conversation"
        if name in _IDS:
            return "id"
        if name in _PERSONAL:
            return "personal"
        return "text" if name in texts_of(LANDED_EVENTS) else "kept"
