"""The command line job: read a table, search for a network, compare it with baselines, save it with a report.

``cli`` runs the steps in order. ``options`` parses the command line. ``table`` reads a file with the help of the
package ``reading``, which turns bytes into rows of cells. ``task`` separates the ``target`` from the features, and
infers the kind of each column with the package ``values``, which interprets cells. ``search`` cross-validates the
networks of a ``budget``, the ensemble and the baselines (``models``, ``preprocessing``), within the ``deadlines`` of a
time limit, by one of the ``scores``. ``evaluation`` scores all models on held-out rows and refits the winner on all
rows, and the package ``reporting`` presents the results. Of a Parquet table that is larger than the memory, all of them
see a sample, and the package ``streaming`` fits the best network to all rows.

Input that the user can fix raises :class:`~sknn_concepts.job.errors.BadInput`, which ends the job with one line.
"""
