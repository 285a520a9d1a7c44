"""The benchmark: how fast the pipeline is, beside tools that only convert and a script with pandas.

`python -m bench --help` says how to run it. What belongs here: making the data, starting each subject in a process
of its own, checking that all come to the same numbers, and reporting. `usage_pipeline` never imports it.
"""
