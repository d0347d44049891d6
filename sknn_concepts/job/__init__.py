"""The main job: read a table, search for a network, compare it with baselines, save it with a report.

=================  ===================================================================
``cli``            the order of the work, exit codes
``options``        the command line, checked before any work is done
``errors``         the one exception that ends the job with one line
=================  ===================================================================

A file becomes cells of text:

=================  ===================================================================
``table``          all of it, and the data frame
``files``          a path becomes bytes
``encoding``       bytes become text
``alphabets``      the letters that tell encodings apart
``dialect``        separator and quotes
``header``         where the rows begin, and what the columns are called
``votes``          what a cell says about its row being names
``rows``           the rows, every line accounted for
``accounts``       what became of each line
``numbers``        how the numbers of a column are written
``number_format``  reading them
``number_columns``  which columns become numbers
``missing``        marks that stand for a missing value
=================  ===================================================================

Cells become what is to be learned from what:

=================  ===================================================================
``task``           target and features together, the embedded data
``target``         classes or a number, rows without a target
``columns``        the functions of the following modules that others use
``kinds``          what each column is
``evidence``       how well numbers and dates explain a column
``identifiers``    what tells rows apart
``date_formats``   how the dates of a column are written
``dates``          reading them and taking them apart
``leaks``          columns that give the target away
``conversion``     reading cells, also those of a fresh table, as it was learnt
``preprocessing``  what a network is given
=================  ===================================================================

And the work on it:

=================  ===================================================================
``models``         networks and baselines
``budget``         which networks are tried, on how many rows
``clock``          how long each part may take
``search``         rounds of cross-validation, baselines
``results``        what has been measured so far, and its CSV file
``progress``       the progress bar and Ctrl-C
``heldout``        the winner and the baselines on rows that no choice has seen
``report``         leaderboard, verdict, ``report.md``
``figures``        the figures of the report
``shown``          names and labels as they are, never as markup
=================  ===================================================================
"""
