"""The main job: read a table, search for a network, compare it with baselines, save it with a report.

====================  ================================================================
``cli``               options, the order of the work, exit codes
``table``             a file becomes a data frame
``columns``           a column becomes numbers, categories or dates; the preprocessing
``task``              the target, the kind of task, the embedded data
``search``            candidates, rounds, baselines
``results``           what has been measured so far, and its CSV file
``progress``          the progress bar and Ctrl-C
``report``            metrics on held-out rows, leaderboard, ``report.md``
``figures``           the figures of the report
====================  ================================================================
"""
