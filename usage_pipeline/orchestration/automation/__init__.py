"""What runs by itself: sensors and schedules, all on by default.

They ask `pipeline/automation` what is to be done, leave out what is under way or has just failed
(`requests.py`), and request runs of the two jobs. Dagster evaluates one sensor after the other, so none
requests what another has just requested.
"""
