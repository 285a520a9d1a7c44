"""Usage metering for AI platforms: raw logs in, exact daily series out.

The folders are the data flow; `ARCHITECTURE.md` draws it. A folder imports only from those before it:
`settings`, `storage`, `tenants`, `events`, `records`, `series`, `pipeline`, `orchestration`,
`definitions`, `cli`.
"""
