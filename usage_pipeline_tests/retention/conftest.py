"""The files that people edit, as in `events`."""

from usage_pipeline_tests.events.conftest import add_reference

__all__ = ["add_reference"]
