"""The command `usage-pipeline`. `app.py` puts it together; each other module is one group of commands.

Commands that compute run the Dagster jobs, so that the UI shows what they did. What does not belong here:
anything that another program could want to call.

A module of commands imports at its top only what its help needs, and each command imports what it works with when
its call has been checked: so `--help` and a wrong call end at once, and no command waits for what others need.
Modules without commands (`reading.py`, `session.py`, …) import as usual.
"""

from usage_pipeline.cli.app import main

__all__ = ["main"]
