"""Samples that are held out: how they are chosen, and what is measured on them after each epoch."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from sklearn.model_selection import train_test_split

from sknn_concepts.jit.array_struct import ArrayStruct

#: Advice wherever no suitable samples can be held out.
ADVICE = "Change validation_fraction, or pass X_val and y_val."


def hold_out(share, n_samples, random_state, why, *, labels=(), stratify=False, counted=None, both=False, least=1):
    """Draw rows to train on and rows to hold out, as scikit-learn draws them; no label is missing in training.

    The samples of a class that is too small to be stratified, which scikit-learn would refuse, are trained on. `why` is
    the purpose of the held-out samples, for messages. `labels` has an array of the samples' class numbers for each
    target; if `stratify`, both parts have the same shares of the classes of the first target. `counted` is true for
    samples with a positive weight; by default all count. With `both`, each label that occurs twice is held out, too,
    because the score is undefined without it. `least` is the smallest number of rows to hold out.

    Raises ValueError if the share or the number of samples is too small.
    """
    if not 0.0 < share < 1.0:
        raise ValueError(f"validation_fraction must be in (0, 1) for {why}; got {share!r}. {ADVICE}")
    try:
        rows, held_out = _draw(share, n_samples, random_state, labels[0] if stratify else None)
    except ValueError as error:
        raise ValueError(
            f"No samples could be held out for {why}, a share of {share!r} of {n_samples}: {error} {ADVICE}"
        ) from error
    counted = np.ones(n_samples, bool) if counted is None else counted
    rows, held_out = _ensure_in_training(rows, held_out, labels, counted)
    if both:
        rows, held_out = _ensure_held_out(rows, held_out, labels, counted)
    if len(held_out) < least:
        raise ValueError(
            f"The validation set is too small: {len(held_out)} of {n_samples} samples. Increase 'validation_fraction' "
            f"(now {share!r}) or the size of your dataset, or pass X_val and y_val."
        )
    return rows, held_out


def _draw(share, n_samples, random_state, strata):
    rows = np.arange(n_samples)
    alone = np.zeros(n_samples, bool) if strata is None else np.bincount(strata)[strata] == 1
    if strata is None or alone.all():
        return train_test_split(rows, test_size=share, random_state=random_state)
    several = rows[~alone]
    try:
        kept, held_out = train_test_split(several, test_size=share, random_state=random_state, stratify=strata[several])
    except ValueError:  # fewer samples to hold out than classes
        kept, held_out = train_test_split(several, test_size=share, random_state=random_state)
    return np.concatenate([kept, rows[alone]]), held_out


def _missing(codes, rows, counted):
    """Return the classes that occur among samples with weight, but not in some rows."""
    there = np.bincount(codes[counted])
    return np.flatnonzero((there > 0) & (np.bincount(codes[rows[counted[rows]]], minlength=len(there)) == 0))


def _ensure_in_training(rows, held_out, labels, counted):
    """Return a sample of each class that would be missing in training."""
    for codes in labels:
        for code in _missing(codes, rows, counted):
            back = held_out[(codes[held_out] == code) & counted[held_out]][:1]
            rows, held_out = np.concatenate([rows, back]), held_out[held_out != back]
    return rows, held_out


def _ensure_held_out(rows, held_out, labels, counted):
    """Hold out a sample of each class that is missing among the held-out samples, if training can spare it."""
    for codes in labels:
        for code in _missing(codes, held_out, counted):
            spared = counted[rows]
            for each in labels:  # training keeps one of each class
                spared = spared & (np.bincount(each[rows[counted[rows]]], minlength=each.max() + 1)[each[rows]] > 1)
            out = rows[spared & (codes[rows] == code)][:1]
            rows, held_out = rows[~np.isin(rows, out)], np.concatenate([held_out, out])
    return rows, held_out


class ValidationSet(NamedTuple):
    """Held-out samples, whose loss and score are measured after each epoch.

    ``score(network, raw, parameters)`` computes the score of the raw predictions of a compiled network with some
    parameters; by default, it is the negative loss. The further scores, by name, are only measured.
    """

    dataset: ArrayStruct  # which holds the samples
    rows: np.ndarray  # those of the data set that are held out
    y: np.ndarray  # encoded targets of these rows
    sample_weight: np.ndarray | None = None
    score: Callable | None = None
    further_scores: dict[str, Callable] = {}

    def measure(self, network, parameters, loss_scale):
        """Measure the loss, without penalty but times `loss_scale`, and the scores of some parameters.

        Returns loss and score, the further scores by name, and whether predictions and their loss are finite; if not,
        scores are NaN.
        """
        total = len(self.rows) if self.sample_weight is None else float(np.sum(self.sample_weight))
        with np.errstate(over="ignore", invalid="ignore"):
            raw = network.predict(parameters, self.rows, linked=False)
            loss = network.losses(raw, self.y, self.sample_weight) * loss_scale / total
        if not (np.isfinite(loss) and np.isfinite(raw).all()):
            return loss, np.nan, dict.fromkeys(self.further_scores, np.nan), False
        score = -loss if self.score is None else self.score(network, raw, parameters)
        further = {name: one(network, raw, parameters) for name, one in self.further_scores.items()}
        return loss, score, further, True


def pair_up(X_val, y_val, sample_weight_val):
    """Return validation data as a list of tuples (X, y, sample_weight), or None if there are none.

    There are several if `X_val` is a tuple of tables. Raises ValueError if X_val or y_val is missing, if they differ in
    number, or if X_val is an empty tuple or a list of tables.
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val was given without X_val and y_val.")
        return None
    if X_val is None or y_val is None:
        missing, given = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
        raise ValueError(f"{missing} is missing: {given} was given, and validation needs both.")
    if isinstance(X_val, tuple) and not X_val:
        raise ValueError("X_val is an empty tuple; pass at least one table, or None for no validation.")
    if isinstance(X_val, list) and X_val and _are_tables(X_val):
        raise ValueError(f"X_val is a list of {len(X_val)} tables; pass several validation sets as tuples.")
    if not (isinstance(X_val, tuple) and _are_tables(X_val)):
        return [(X_val, y_val, sample_weight_val)]
    weights = (None,) * len(X_val) if sample_weight_val is None else sample_weight_val
    for name, given in (("y_val", y_val), ("sample_weight_val", weights)):
        if not isinstance(given, tuple) or len(given) != len(X_val):
            got = f"a tuple of {len(given)}" if isinstance(given, tuple) else type(given).__name__
            raise ValueError(f"X_val is a tuple of {len(X_val)} tables, so {name} must be one of as many; got {got}.")
    return list(zip(X_val, y_val, weights, strict=True))


def _are_tables(items):
    """Return whether the items of a sequence are tables, rather than rows of one table."""
    shapes = (getattr(item, "shape", None) for item in items)
    return all(len(np.shape(one) if shape is None else shape) == 2 for one, shape in zip(items, shapes, strict=True))
