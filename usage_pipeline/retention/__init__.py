"""Retention: what is past its term, and pruning it.

Terms of plans are in `tenants/`. Nothing else deletes what people have delivered or what was made of it.
"""
