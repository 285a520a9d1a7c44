"""`python -m usage_pipeline.cli` is the command `usage-pipeline`."""

from usage_pipeline.cli.app import main

if __name__ == "__main__":
    main()
