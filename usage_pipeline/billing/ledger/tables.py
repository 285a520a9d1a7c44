"""The tables of this folder: the ledger, grants and acts on them, the terms of allocations, and postings.

The database refuses to change or delete a row of the first three; only the erasure of a tenant switches that off.
"""

from usage_pipeline.billing.ledger.entries import EntryKind
from usage_pipeline.storage.tables import Erasure, TableSpec, columns

CREDIT_GRANTS = TableSpec(
    name="credit_grants",
    description=(
        "Credits that were granted by hand or by `grants.yaml`, and acts on grants, one row each. Allocations of "
        "plans are not here. Rows are only added."
    ),
    columns=columns(
        ("id", "VARCHAR", "Id."),
        ("tenant_id", "VARCHAR", "Tenant."),
        ("kind", "VARCHAR", "`topup`, `adjustment`, `lowering` or `void`."),
        ("of_grant", "VARCHAR", "Of an act: the grant that it lowers or voids."),
        ("amount", "DECIMAL(38,12)", "Credits that are granted or taken; null for a void.", "credits"),
        ("effective_at", "TIMESTAMPTZ", "The first instant, in whole seconds."),
        ("expires_at", "TIMESTAMPTZ", "The first instant at which a grant is gone; null for never."),
        ("priority", "INTEGER", "Of a grant: those with lower numbers pay first."),
        ("reason", "VARCHAR", "The reason given."),
        ("by", "VARCHAR", "The person, or `grants.yaml`."),
        ("recorded_at", "TIMESTAMPTZ", "When it was recorded."),
    ),
    rules=(
        "`grants.yaml` is imported by id: an entry that is there already is skipped, a changed one is an error.",
        "A void takes what is left of its grant from its instant on. What the grant paid before stays paid.",
    ),
    key=("id",),
    nullable=frozenset({"of_grant", "amount", "expires_at", "priority"}),
    indexes=(("ix_credit_grants_tenant", ("tenant_id",)),),
    erasure=Erasure.REMOVED,
)

CREDIT_TERMS = TableSpec(
    name="credit_terms",
    description="The terms of each allocation when it was first posted, which no edit of `plans.yaml` changes.",
    columns=columns(
        ("tenant_id", "VARCHAR", "Tenant."),
        ("first_day", "DATE", "First day of the allocation, UTC."),
        ("plan", "VARCHAR", "Plan."),
        ("monthly_credits", "DECIMAL(38,12)", "Credits of a whole period.", "credits"),
        ("rollover_min", "DECIMAL(38,12)", "The least that is carried over at its end.", "credits"),
        ("rollover_max", "DECIMAL(38,12)", "The most that is carried over at its end.", "credits"),
        ("recorded_at", "TIMESTAMPTZ", "When it was posted."),
    ),
    key=("tenant_id", "first_day", "plan"),
    erasure=Erasure.REMOVED,
)

CREDIT_LEDGER = TableSpec(
    name="credit_ledger",
    description=(
        "What happened to the credits of each tenant. Rows are only added: a correction adds the difference."
    ),
    columns=columns(
        ("id", "BIGINT", "Counts up."),
        ("tenant_id", "VARCHAR", "Tenant."),
        (
            "kind",
            "VARCHAR",
            f"One of {', '.join(EntryKind)}.",
        ),
        ("grant_id", "VARCHAR", "The grant; empty for overage."),
        ("effective_at", "TIMESTAMPTZ", "The instant; of usage, where its sum begins."),
        ("amount", "DECIMAL(38,12)", "What it adds to the balance; below zero where it takes.", "credits"),
        ("recorded_at", "TIMESTAMPTZ", "When it was posted."),
    ),
    rules=(
        (
            "The sum of the rows with one tenant, kind, grant and instant is what grants and usage come to now. "
            "Usage is summed from one boundary of a grant, or midnight, to the next."
        ),
        "Used = covered + repaid overage + open overage.",
        (
            "Granted + topped up + rolled in + raised = covered + repaid overage + balance + expired + rolled out "
            "+ voided + lowered."
        ),
    ),
    key=("id",),
    indexes=(("ix_credit_ledger_tenant", ("tenant_id", "effective_at")),),
    erasure=Erasure.REMOVED,
)

CREDIT_POSTINGS = TableSpec(
    name="credit_postings",
    description="The postings to the ledger, one row per posting that looked at all tenants.",
    columns=columns(
        ("id", "BIGINT", "Counts up."),
        ("inputs_digest", "VARCHAR", "Digest of usage, grants and terms; the same digest needs no other posting."),
        ("entries", "BIGINT", "Rows that were added.", "rows"),
        ("recorded_at", "TIMESTAMPTZ", "When it was posted."),
    ),
    key=("id",),
)

LEDGER_TABLES = (CREDIT_GRANTS, CREDIT_TERMS, CREDIT_LEDGER, CREDIT_POSTINGS)
