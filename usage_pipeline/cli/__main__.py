"""`python -m usage_pipeline.cli` is the command `usage-pipeline`."""

from usage_pipeline.cli.process import main

if __name__ == "__main__":
    main()
