"""The same deployment as in `series`."""

from usage_pipeline_tests.series.conftest import computed, run, settings

__all__ = ["computed", "run", "settings"]
