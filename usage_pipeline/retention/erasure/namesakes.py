"""Finds the names that hold the id of a tenant or member as a word, so that it is not found within them."""

from sqlalchemy import Connection, select

from usage_pipeline.metrics.series import known_tenants
from usage_pipeline.registry import NONE
from usage_pipeline.retention.erasure.subject import GONE, Subject, Word
from usage_pipeline.retention.erasure.traces import may_hold, name_of
from usage_pipeline.series.breakdown_tables import DAILY_BREAKDOWN
from usage_pipeline.storage import landed_files
from usage_pipeline.storage.opened import Storage
from usage_pipeline.storage.pruned import first_kept_days
from usage_pipeline.storage.schema import warehouse_table
from usage_pipeline.tenants.reference import load_tenants


def word_of(storage: Storage, subject: Subject) -> Word:
    """Return the id as a word that is none within the ids of other tenants, or of the tenant and other members.

    Nor is it one within names of landing files that may be the member's: these stay.
    """
    with storage.warehouse.connect() as connection:
        if subject.member_id is not None:
            breakdown = warehouse_table(DAILY_BREAKDOWN.spec).c
            members = select(breakdown.value).where(
                breakdown.tenant_id == subject.tenant_id,
                breakdown.dimension == "member_id",
                breakdown.value.not_in((NONE, GONE)),
            )
            others = connection.execute(members.distinct()).scalars()
            return Word(subject.name, frozenset(others), {subject.tenant_id, *_file_names(connection, subject)})
        known = {*known_tenants(connection), *first_kept_days(connection)}
    return Word(subject.name, frozenset({*known, *load_tenants(storage.settings).by_id}))


def _file_names(connection: Connection, subject: Subject) -> set[str]:
    return {name_of(file.path) for file in landed_files.files(connection) if may_hold(file.path, subject)}
