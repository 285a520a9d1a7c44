"""From files to landed events: finding files, reading lines, judging each line once, storing one object per file.

`scan.py` which files there are; `lines.py` a file as numbered lines; `extract.py` a mapping as SQL;
`judged.sql` the verdict on each line; `land.py` the transaction around it.
"""
