"""Fits of data that are larger than the memory.

:func:`fit_streamed` trains an estimator on blocks of samples that are read when they are needed. The command line draws
a ``sample`` of the rows of a large Parquet table for its search, and at the end, in the ``stage`` of the streamed fit,
trains the best network on all rows but those that were held out.
"""

from sknn_concepts.job.streaming.fitting import StreamedFit, fit_streamed

__all__ = ["StreamedFit", "fit_streamed"]
