"""Can a day be trusted? Suites of expectations about its rows, tallies that must balance, and what needs a look.

Suites are YAML that people extend (`suites/`); Great Expectations validates them, on DuckDB. Tallies are SELECTs
that compare each table with the records (`totals/`). Every result is kept per table, day and check in the
warehouse. Nothing here changes a number or stops a day; what rejects lines or files belongs to `events/landing`.
"""
