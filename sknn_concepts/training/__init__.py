"""Training: parameters, samples and settings go in, and a result comes out; nothing here knows an estimator.

:func:`~sknn_concepts.training.trainer.train` trains a network with mini-batches or L-BFGS. Its settings and its result
are declared in :mod:`~sknn_concepts.training.result`. It changes nothing that it is given except the stopping rule.
"""
