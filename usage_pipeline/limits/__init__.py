"""Limits of usage: what people wrote down, how it stands, and whether a request is allowed.

What does not belong here: what credits are left, and who pays (`billing/ledger/`), and telling people of it.
"""
