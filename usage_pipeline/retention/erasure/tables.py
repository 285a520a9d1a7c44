"""The table of erasures."""

from usage_pipeline.storage.tables import TableSpec, columns

ERASURES = TableSpec(
    name="erasures",
    description="Erasures of tenants and members, one row per erasure.",
    columns=columns(
        ("id", "VARCHAR", "Id of the erasure, and the name of its certificate."),
        ("kind", "VARCHAR", "`tenant` or `member`."),
        ("subject_digest", "VARCHAR", "Keyed digest of the id."),
        ("subject_tenant", "VARCHAR", "The tenant, until the erasure is done."),
        ("subject_member", "VARCHAR", "The member, until the erasure is done."),
        ("state", "VARCHAR", "`begun` or `done`."),
        ("reason", "VARCHAR", "Why."),
        ("by", "VARCHAR", "The person."),
        ("requested_at", "TIMESTAMPTZ", "When it began."),
        ("completed_at", "TIMESTAMPTZ", "When it was done."),
        ("counts", "JSON", "What there was of it, by place, and the digests of the tables before."),
        ("certificate_digest", "VARCHAR", "SHA-256 of the certificate."),
    ),
    rules=("An erasure that was interrupted stays `begun` until the same command is given again.",),
    key=("id",),
    nullable=frozenset({"subject_tenant", "subject_member", "completed_at", "certificate_digest"}),
)
