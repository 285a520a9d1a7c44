"""Whether Dagster's daemon lives: without it no sensor, schedule, queue or backfill moves."""

from dagster._daemon.controller import get_daemon_statuses

from usage_pipeline.orchestration.instance import open_instance

TOLERANCE_SECONDS = 300
"""The daemon writes a heartbeat every half minute, and later when it is busy."""


def why_dead() -> str | None:
    """Which parts of the daemon have not been heard of lately; None if all have."""
    with open_instance() as instance:
        statuses = get_daemon_statuses(
            instance,
            instance.get_required_daemon_types(),
            ignore_errors=True,
            heartbeat_tolerance_seconds=TOLERANCE_SECONDS,
        )
    silent = sorted(name.lower() for name, status in statuses.items() if not status.healthy)
    if not silent:
        return None
    return (
        f"The Dagster daemon is dead: no heartbeat for {TOLERANCE_SECONDS} s from {', '.join(silent)}. "
        "Start it again, for example with `usage-pipeline dev`"
    )
