"""From files to landed events: find files, read lines, validate each line once, store one object per file.

`scan.py` finds the files, `lines.py` numbers the lines of a file, `reading_ahead.py` groups files, `extract.py`
makes SQL of a format, `validated_lines.sql` gives each line its verdict, and `batch.py` lands whole days.
"""
