"""The same deployment as in `series`."""

from usage_pipeline_tests.series.conftest import computed, run, run_to_breakdowns, settings

__all__ = ["computed", "run", "run_to_breakdowns", "settings"]
