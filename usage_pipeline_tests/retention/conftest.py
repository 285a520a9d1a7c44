"""The files that people edit, as in `events`."""

from usage_pipeline_tests.events.conftest import add_format, add_reference, settings

__all__ = ["add_format", "add_reference", "settings"]
