"""The table of this folder: the history of alerts."""

from enum import StrEnum

from usage_pipeline.limits.limit_file import SCOPED
from usage_pipeline.storage.tables import Erasure, TableSpec, columns


class AlertState(StrEnum):
    """What became of an alert."""

    RAISED = "raised"
    RESOLVED = "resolved"
    ENDED = "ended"


class AlertKind(StrEnum):
    """What an alert is about."""

    LIMIT = "limit"


ALERTS = TableSpec(
    name="alerts",
    description="Alerts on limits, one row per limit, period, threshold and episode: its history.",
    columns=columns(
        ("alert_id", "VARCHAR", "Digest of what the alert is about: the same however often it is computed."),
        ("kind", "VARCHAR", "`limit`."),
        ("tenant_id", "VARCHAR", "Tenant."),
        ("limit_id", "VARCHAR", "Id of the limit."),
        ("limit_version", "VARCHAR", "Digest of what is limited, by which period and amount."),
        *((name, "VARCHAR", f"The {name} whose usage counts; empty without a restriction.") for name in SCOPED),
        ("metric", "VARCHAR", "What is limited."),
        ("period", "VARCHAR", "`day`, `week`, `month`, `billing` or `rolling N days`."),
        ("first_day", "DATE", "First day of the period; of a rolling one, of that in which it was raised."),
        ("last_day", "DATE", "Last day of it."),
        ("threshold", "INTEGER", "The threshold that was reached.", "percent"),
        ("episode", "INTEGER", "1 for the first time that it was reached in the period, 2 for the next."),
        ("state", "VARCHAR", "`raised`, `resolved` or `ended`."),
        ("passed", "BOOLEAN", "A higher threshold was reached at the same time, so nobody was told of it."),
        ("used", "DECIMAL(38,12)", "What was used when it was raised.", "that of the metric"),
        ("amount", "DECIMAL(38,12)", "What may be used in the period.", "that of the metric"),
        ("raised_at", "TIMESTAMPTZ", "When it was raised."),
        ("resolved_at", "TIMESTAMPTZ", "When it was resolved, or ended; null while it is raised."),
    ),
    rules=(
        (
            "It is raised when a threshold is reached in a period whose last day is not final, and resolved when "
            "the share falls clearly below it. Reached once more, it is a new episode."
        ),
        "It is ended when its period is final, or its limit was changed or removed.",
        "It is written in one transaction with the message that tells of it.",
    ),
    key=("alert_id",),
    nullable=frozenset({"resolved_at"}),
    indexes=(("ix_usage_alerts_state", ("state", "last_day")),),
    erasure=Erasure.REMOVED,
)
