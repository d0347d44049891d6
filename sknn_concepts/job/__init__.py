"""The main job: read a table, search for a network, compare it with baselines, save it with a report.

=============  =======================================================================
``cli``        the order of the work, exit codes
``options``    the command line, checked before any work is done
``table``      a file becomes a data frame
``columns``    a column becomes numbers, categories or dates; the preprocessing
``task``       the target, the kind of task, the embedded data
``budget``     which networks are tried, on how many rows
``search``     rounds of cross-validation, baselines
``results``    what has been measured so far, and its CSV file
``progress``   the progress bar and Ctrl-C
``heldout``    the winner and the baselines on rows that no choice has seen
``report``     leaderboard, verdict, ``report.md``
``figures``    the figures of the report
``errors``     the one exception that ends the job with one line
=============  =======================================================================
"""
