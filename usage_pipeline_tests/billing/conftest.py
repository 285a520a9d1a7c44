"""The same deployment as in `costs`."""

from usage_pipeline_tests.costs.conftest import prices, settings

__all__ = ["prices", "settings"]
