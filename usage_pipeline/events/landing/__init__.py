"""From files to landed events: find files, read lines, judge each line once, store one object per file.

`scan.py` which files there are; `lines.py` a file as numbered lines; `extract.py` a mapping as SQL;
`judged.sql` the verdict on each line; `land.py` the transaction around it.
"""
