"""The command `usage-pipeline`. `app.py` puts it together; each other module is one group of commands.

Commands that compute run the Dagster jobs, so that the UI shows what they did. What does not belong here:
anything that another program could want to call.
"""

from usage_pipeline.cli.app import main

__all__ = ["main"]
