"""The dashboard: static files, and how they are served. It reads the API like any other client.

In `static/app`, `core` holds what asks and what the address says, `format` how values look, `charts` the charts,
`parts` what views are made of, and `views` the views.
"""
