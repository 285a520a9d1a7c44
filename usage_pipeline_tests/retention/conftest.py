"""The files that people edit, as in `events`, and a tenant to erase."""

from usage_pipeline_tests.events.conftest import add_format, add_reference, settings
from usage_pipeline_tests.retention.erased import mixed

__all__ = ["add_format", "add_reference", "mixed", "settings"]
