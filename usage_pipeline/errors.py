"""The errors that a user can cause. Each says what to do about it.

What does not belong here: errors of libraries, and bugs, which keep their own types.
"""

from collections.abc import Collection, Mapping
from datetime import date


class UsagePipelineError(Exception):
    """Base of all errors that this package raises on purpose. The text is for the user."""


class SettingsError(UsagePipelineError):
    """A `USAGE_…` variable has a value that cannot be used."""


class ReferenceFileError(UsagePipelineError):
    """A file in the reference directory is broken; the text names file, entry and field."""


class ProviderFileError(UsagePipelineError):
    """A usage or cost export of a provider is broken; the text names file, bucket and field."""


class FormatError(UsagePipelineError):
    """A format or the event catalogue is broken; the text names file and key."""


class SuiteError(UsagePipelineError):
    """A suite of checks is broken; the text names file, entry and key."""


class WarehouseError(UsagePipelineError):
    """The database cannot be reached, or is not at the version this code needs."""


class QueryError(UsagePipelineError):
    """A query names an unknown dimension, metric or file."""


class StoppedError(UsagePipelineError):
    """Nobody waits for the answer any more."""


class PartitionError(UsagePipelineError):
    """A partition cannot be computed: an input is missing or has fewer rows than the state says."""


class UndecidedDaysError(PartitionError):
    """An input that is decided once per day cannot be decided for these days; other days can be computed."""

    def __init__(self, text: str, days: Collection[date]) -> None:
        """Keep the days."""
        super().__init__(text)
        self.days = days


class UnstorableError(PartitionError):
    """Rows have a value that their table cannot hold, such as a total of too many digits."""


class FailedDaysError(PartitionError):
    """Days failed while others were computed; the text has each reason once."""

    def __init__(self, reasons: Mapping[date, UsagePipelineError]) -> None:
        """Take the text from the reasons."""
        super().__init__("\n".join(dict.fromkeys(map(str, reasons.values()))))
        self.reasons = reasons


class ClosingError(UsagePipelineError):
    """A billing period cannot be closed; the text says what blocks it."""


class PruningError(UsagePipelineError):
    """Pruning would remove more than usual, and nobody has confirmed it."""


class ErasureError(UsagePipelineError):
    """An erasure cannot begin, or something of it is still there; the text says what to do."""


class LockTimeoutError(UsagePipelineError):
    """Another process is writing the same partition and did not finish in time."""


class ServiceError(UsagePipelineError):
    """A server cannot start; the text says what hinders it."""


class UnreadableFileError(UsagePipelineError):
    """A landing file cannot be read to its end, so no line of it counts."""


class UnsettledFileError(UnreadableFileError):
    """A landing file changed or went while it was read: what landed of it before stays as it is."""
