"""The parts of a report. Each reads what it shows for all tenants of a batch at once, and makes their tables."""
