"""What a usage record is, which event types count as what, and how raw log lines become records.

`record.py` the canonical record; `catalogue.yaml` what each type counts as; `sources/` the source
formats; `landing/` reading, validating and storing the lines. What does not belong here: deduplication
(`records/`) and sums (`series/`).
"""
