"""The table of this folder: the history of alerts."""

from enum import StrEnum

from usage_pipeline.limits.limited import SCOPED
from usage_pipeline.storage.tables import Erasure, TableSpec, columns


class AlertState(StrEnum):
    """What became of an alert."""

    RAISED = "raised"
    RESOLVED = "resolved"
    ENDED = "ended"


class AlertKind(StrEnum):
    """What an alert is about."""

    LIMIT = "limit"
    SOURCE_SILENT = "source_silent"
    FILE_QUARANTINED = "file_quarantined"
    UNPRICED_USAGE = "unpriced_usage"
    DOUBLE_METERING = "double_metering"
    PERIOD_RESTATED = "period_restated"
    ANOMALY = "anomaly"
    PROJECTED_LIMIT = "projected_limit"
    RUN_FAILED = "run_failed"


DATA_KINDS = tuple(kind for kind in AlertKind if kind is not AlertKind.LIMIT)
"""The kinds of alerts on data."""


ALERTS = TableSpec(
    name="alerts",
    description=(
        "Alerts on limits and data: their history, one row per subject and episode; of limits one per limit, "
        "period, threshold and episode."
    ),
    columns=columns(
        ("alert_id", "VARCHAR", "Digest of what the alert is about: the same however often it is computed."),
        ("kind", "VARCHAR", f"{', '.join(f'`{kind}`' for kind in AlertKind)}."),
        ("tenant_id", "VARCHAR", "Tenant; null if it is about none."),
        (
            "subject",
            "VARCHAR",
            "What it is about: limit, source, file, model, sources, period, direction or job.",
        ),
        ("limit_id", "VARCHAR", "Of limits: id of the limit."),
        ("limit_version", "VARCHAR", "Of limits: digest of what is limited, by which period and amount."),
        *(
            (name, "VARCHAR", f"Of limits: the {name} whose usage counts; empty without a restriction.")
            for name in SCOPED
        ),
        ("metric", "VARCHAR", "Of limits: what is limited."),
        ("period", "VARCHAR", "Of limits: `day`, `week`, `month`, `billing` or `rolling N days`."),
        (
            "first_day",
            "DATE",
            (
                "First day of the period, of a rolling one of that in which it was raised. Of data, the first day "
                "that it was about when it was raised."
            ),
        ),
        ("last_day", "DATE", "Last day of it."),
        ("threshold", "INTEGER", "Of limits: the threshold that was reached.", "percent"),
        ("episode", "INTEGER", "1 for the first time, of limits in the period, 2 for the next."),
        ("state", "VARCHAR", "`raised`, `resolved` or `ended`."),
        ("passed", "BOOLEAN", "A higher threshold was reached at the same time, so nobody was told of it."),
        ("used", "DECIMAL(38,12)", "Of limits: what was used when it was raised.", "that of the metric"),
        ("amount", "DECIMAL(38,12)", "Of limits: what may be used in the period.", "that of the metric"),
        ("raised_at", "TIMESTAMPTZ", "When it was raised."),
        ("resolved_at", "TIMESTAMPTZ", "When it was resolved, or ended; null while it is raised."),
    ),
    rules=(
        (
            "One on a limit is raised when a threshold is reached in a period whose last day is not final, and "
            "resolved when the share falls clearly below it. It is ended when its period is final, or its limit "
            "was changed or removed."
        ),
        (
            "One on data is raised when its condition is first seen, and resolved when that is gone. It is ended "
            "when the days that it is about are final, of a restated period when the change is as old."
        ),
        "What begins once more is a new episode.",
        "It is written in one transaction with the message that tells of it.",
    ),
    key=("alert_id",),
    nullable=frozenset(
        (
            *("tenant_id", "limit_id", "limit_version", *SCOPED, "metric", "period", "first_day", "last_day"),
            *("threshold", "used", "amount", "resolved_at"),
        )
    ),
    indexes=(
        ("ix_usage_alerts_state", ("state", "last_day")),
        ("ix_usage_alerts_subject", ("kind", "subject")),
    ),
    erasure=Erasure.REMOVED,
)
