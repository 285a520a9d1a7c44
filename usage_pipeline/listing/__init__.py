"""Lists of usage records, one by one: pages for programs that ask again and again, and streams of any size.

What does not belong here: numbers (`metrics/`), and how a list is asked for over HTTP or on the command line.
"""
