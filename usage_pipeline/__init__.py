"""Usage metering for AI platforms: raw logs in, exact daily series out.

The folders are the data flow; `ARCHITECTURE.md` draws it and lists which may import which.
"""
