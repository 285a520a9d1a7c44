"""From files to landed events: find files, read lines, judge each line once, store one object per file.

`scan.py` which files there are; `lines.py` a file as numbered lines; `reading_ahead.py` which of them are judged
together; `extract.py` a mapping as SQL; `judged.sql` the verdict on each line; `batch.py` landing days as a whole.
"""
