"""What runs, when and how: jobs, sensors and schedules."""

import dagster as dg


def test_the_jobs(definitions: dg.Definitions) -> None:
    found = {job.name for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")}
    assert found == {
        "landing_days",
        "event_days",
        "arrived_days",
        "insight_days",
        "close_periods",
        "refresh_limits",
        "deliver_alerts",
        "monthly_reports",
        "report_requests",
        "send_reports",
        "report",
        "prune",
        "clean_up",
    }


def test_every_step_holds_the_lock_that_tells_that_its_run_lives(definitions: dg.Definitions) -> None:
    without = {
        (job.name, node.name)
        for job in definitions.resolve_all_job_defs()
        for node in job.nodes
        if "run_storage" not in node.definition.required_resource_keys
    }
    assert without == set()


def test_the_sensors_run_from_the_start_at_the_pace_of_the_settings(definitions: dg.Definitions) -> None:
    found = {
        sensor.name: (sensor.minimum_interval_seconds, sensor.default_status.value)
        for sensor in definitions.get_repository_def().sensor_defs
    }
    assert found == {
        "arrivals": (10, "RUNNING"),
        "affected_days": (10, "RUNNING"),
        "gap_filler": (900, "RUNNING"),
        "changed_usage": (10, "RUNNING"),
        "limit_alerts": (10, "RUNNING"),
        "reports": (10, "RUNNING"),
        "lost_runs": (10, "RUNNING"),
        "failed_runs": (10, "RUNNING"),
    }


def test_the_schedules_run_from_the_start_but_for_those_that_delete(definitions: dg.Definitions) -> None:
    found = {
        schedule.name: (schedule.cron_schedule, schedule.execution_timezone, schedule.default_status.value)
        for schedule in definitions.get_repository_def().schedule_defs
    }
    assert found == {
        "yesterday": ("15 0 * * *", "UTC", "RUNNING"),
        "insights": ("0 1 * * *", "UTC", "RUNNING"),
        "closing": ("30 1 * * *", "UTC", "RUNNING"),
        "limits": ("45 * * * *", "UTC", "RUNNING"),
        "daily_reports": ("0 7-23 * * *", "UTC", "RUNNING"),
        "weekly_reports": ("10 7-23 * * 1", "UTC", "RUNNING"),
        "monthly_reports": ("20 7 * * *", "UTC", "RUNNING"),
        "pruning": ("30 2 * * *", "UTC", "STOPPED"),
        "housekeeping": ("30 3 * * *", "UTC", "STOPPED"),
    }


def test_a_run_is_one_process(definitions: dg.Definitions) -> None:
    assert {job.executor_def.name for job in definitions.resolve_all_job_defs()} == {"in_process"}
