"""Machines that wait for the next prediction: for few rows, putting a machine together takes longer than running it."""

import weakref

#: Rows up to which a machine is kept; more are worth a new one, whose memory is given back.
FEW = 16

_idle: weakref.WeakKeyDictionary = weakref.WeakKeyDictionary()  # estimator -> (what tells machines apart, machine)


def borrow(estimator, key, source, make):
    """CompiledNetwork over a source: the one that waits, if it is like what is asked for, or a new one.

    While it is borrowed, other threads that predict with the same estimator make their own.

    Parameters
    ----------
    estimator : estimator
        Whose machine it is.
    key : tuple
        What tells machines apart.
    source : ArrayStruct
        Dense samples.
    make : callable
        ``make()`` makes a new one.

    Returns
    -------
    machine : CompiledNetwork
    """
    known, machine = _idle.pop(estimator, (None, None))
    if known != (key, source.type):
        return make()
    machine.read(source)
    return machine


def give_back(estimator, key, source, machine):
    """Let a machine wait for the next prediction of its estimator."""
    machine.source = None  # the samples may be a part of something large
    _idle[estimator] = (key, source.type), machine
