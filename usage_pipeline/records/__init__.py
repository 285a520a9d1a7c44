"""From landed events to usage records: each event day's lines deduplicated, conflicts set apart.

A record is (tenant, source, record id, event day). What does not belong here: validating lines
(`events/landing`), and sums (`series/`).
"""
