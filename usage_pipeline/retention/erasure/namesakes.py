"""Finds the names that hold the id of a tenant or member as a word, so that it is not found within them."""

from sqlalchemy import Connection

from usage_pipeline.events.record import LANDED_EVENTS, REJECTED_LINES
from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.registry import NONE
from usage_pipeline.retention.erasure.subject import BLANKS, GONE, Subject, Word
from usage_pipeline.retention.erasure.traces import folders_in, may_hold, name_of
from usage_pipeline.series.tables import DAILY_USAGE
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.engine import literal, parquet_scan, session
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import first_kept_days
from usage_pipeline.storage.tables import TableSpec
from usage_pipeline.tenants.reference import load_tenants


def word_of(storage: Storage, subject: Subject) -> Word:
    """Return the id as a word that is none within the ids of other tenants, or of the tenant and other members.

    Nor is it one within names of landing files that stay: those that may be the member's, and of other tenants.
    """
    if subject.member_id is not None:
        others = _members(storage, subject.tenant_id)
        with storage.warehouse.connect() as connection:
            beside = {subject.tenant_id, *_file_names(connection, subject)}
            return Word(subject.name, others, beside, _tenants(storage, connection, subject))
    with storage.warehouse.connect() as connection:
        return Word(subject.name, _tenants(storage, connection, subject), _file_names(connection, subject))


def _tenants(storage: Storage, connection: Connection, subject: Subject) -> frozenset[str]:
    """Return the tenants: those with usage, and those of whom only files, folders or rejected lines are known."""
    known = {*known_tenants(connection), *first_kept_days(connection), *load_tenants(storage.settings).by_id}
    landed = (_values(storage, spec, "tenant_id", "true") for spec in (LANDED_EVENTS, REJECTED_LINES))
    files = (folders_in(file.path) for file in landed_files.files(connection))
    folders = {
        folder.name
        for folder in storage.settings.landing.glob("*/*/*")
        if subject.tenant_id in folder.name and folder.is_dir()
    }
    found = known.union(folders, *landed, *files)
    return frozenset(tenant for tenant in found if tenant.strip(BLANKS) != subject.tenant_id)


def _members(storage: Storage, tenant: str) -> frozenset[str]:
    """Return the members of a tenant: of all days, and of files that do not count."""
    of_tenant = f"tenant_id = {literal(tenant)}"
    found = (_values(storage, spec, "member_id", of_tenant) for spec in (DAILY_USAGE.spec, LANDED_EVENTS))
    return frozenset(set().union(*found) - {NONE, GONE})


def _values(storage: Storage, spec: TableSpec, column: str, where: str) -> set[str]:
    objects = sorted((storage.settings.data_dir / spec.zone / spec.name).glob("*/*.parquet"))
    if not objects:
        return set()
    rows = f"FROM {parquet_scan(objects)} WHERE {column} IS NOT NULL AND {where}"
    with session(storage.engine) as duck:
        return {value for (value,) in duck.execute(f"SELECT DISTINCT {column} {rows}").fetchall()}


def _file_names(connection: Connection, subject: Subject) -> set[str]:
    paths = [file.path for file in landed_files.files(connection)]
    if subject.member_id is not None:
        return {name_of(path) for path in paths if may_hold(path, subject)}
    folders = {path: "/".join(folders_in(path)) for path in paths if subject.tenant_id in path}
    return {folder + name_of(path) for path, folder in folders.items() if folder not in {"", subject.tenant_id}}
