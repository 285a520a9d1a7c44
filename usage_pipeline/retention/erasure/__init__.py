"""Erasure of a tenant or of a member: every trace goes, sums stay, and a certificate says so.

First a transaction lets the records count as gone, as pruning does; then rollups, landing files, state and
Dagster's database are worked through. Each step finds by itself what is left to do, so an erasure that was
interrupted is completed by doing it again.
"""
