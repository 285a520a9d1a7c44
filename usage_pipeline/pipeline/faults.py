"""Tells faults of the environment, after which a run is tried again, from errors of the data or the settings."""

import errno

from duckdb import IOException, OutOfMemoryException
from sqlalchemy.exc import DBAPIError

from usage_pipeline.errors import LockTimeoutError, WarehouseError

PASSING = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.ENETDOWN, errno.ENETUNREACH}
"""A full or failing disk, and a network file system that is away."""


def is_passing(error: BaseException) -> bool:
    """Return True if a later try may succeed: the database is away, the disk is full, a lock is taken."""
    match error:
        case LockTimeoutError() | WarehouseError():
            return True
        case DBAPIError():
            return _database_is_away(error)
        case OSError():
            return error.errno in PASSING
        case IOException():
            return "No space left on device" in str(error)
        case OutOfMemoryException():  # the disk was full when DuckDB spilled to it
            return "max_temp_directory_size" in str(error)
        case _:
            return False


def _database_is_away(error: DBAPIError) -> bool:
    # 08 connection, 53 resources such as a full disk, 57 shutdown, 40 serialization and deadlock. Without a code
    # the database did not answer.
    code = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or code is None or code[:2] in {"08", "53", "57", "40"}
