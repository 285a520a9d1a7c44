"""The tables of this folder: keys, and the sessions of browsers."""

from usage_pipeline.storage.tables import Erasure, TableSpec, columns

API_KEYS = TableSpec(
    name="api_keys",
    description="The keys of the read API: one row per key. The key itself is not kept.",
    columns=columns(
        ("key_id", "VARCHAR", "Id of the key: what stands before its secret."),
        ("name", "VARCHAR", "What it is for, in the words of whoever made it."),
        ("tenant_id", "VARCHAR", "The tenant that it reads; null for all, which takes the scope `platform`."),
        ("scopes", "VARCHAR", "What it may read, in order, with commas between them."),
        ("secret_digest", "VARCHAR", "SHA-256 of its secret."),
        ("created_at", "TIMESTAMPTZ", "When it was made."),
        ("created_by", "VARCHAR", "By whom."),
        ("expires_at", "TIMESTAMPTZ", "From when on it is worth nothing; null for never."),
        ("revoked_at", "TIMESTAMPTZ", "When it was revoked; null if it was not."),
    ),
    rules=(
        "A secret has 256 random bits, so that its digest cannot be searched for, and needs no salt.",
        "A key does not change: revoke it and make another.",
        "`usage-pipeline clean-up` removes what is worth nothing any more after `USAGE_API_ACCESS_DAYS`.",
    ),
    key=("key_id",),
    nullable=frozenset({"tenant_id", "expires_at", "revoked_at"}),
    erasure=Erasure.REMOVED,
)

API_SESSIONS = TableSpec(
    name="api_sessions",
    description="The sessions of browsers: one row per session that has not expired. The cookie is not kept.",
    columns=columns(
        ("session_digest", "VARCHAR", "SHA-256 of the secret that the cookie holds."),
        ("key_id", "VARCHAR", "The key that the session was opened with."),
        ("created_at", "TIMESTAMPTZ", "When it was opened."),
        ("expires_at", "TIMESTAMPTZ", "From when on it is worth nothing."),
    ),
    rules=(
        "A session is worth as much as its key: it ends with it, and reads what it may read.",
        "Sessions that have expired are removed when the next one is opened.",
    ),
    key=("session_digest",),
)
