"""Landing: find files, read lines, validate each line once, store one object per file.

`scan.py` finds the files, `lines.py` numbers the lines of a file, `reading_ahead.py` groups files, `extract.py`
generates the SQL of a format, `validated_lines.sql` decides about each line, and `batch.py` lands whole days.
"""
