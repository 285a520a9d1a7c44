"""Checks of every day: suites of expectations about its rows, tallies that must balance, and findings for people.

Suites are YAML that people extend (`suites/`), and Great Expectations validates them on DuckDB. Tallies are
SELECTs that compare each table with the records (`totals/`). The warehouse keeps every result by table, day and
check. Checks change no number and stop no day.

What does not belong here: rejecting lines and files (`events/landing`).
"""
