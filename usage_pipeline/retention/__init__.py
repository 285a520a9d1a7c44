"""Retention: what is past its term, and pruning it; and housekeeping, which removes what is no data.

Terms of plans are in `tenants/`. Nothing else deletes what people have delivered or what was made of it.
"""
