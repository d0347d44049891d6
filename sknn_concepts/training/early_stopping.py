"""Samples that are held out: how they are chosen, and what is measured on them after each pass."""

import numpy as np
from sklearn.model_selection import train_test_split

#: Of all kinds of early stopping and pruning, where the samples to hold out do not suit.
ADVICE = "Change validation_fraction, or pass X_val and y_val."


def hold_out(share, n_samples, random_state, why, *, labels=(), stratify=False, counted=None, both=False, least=1):
    """Draw rows to hold out, as scikit-learn draws them; no label is missing among the rows to train on.

    Where scikit-learn would refuse, because a class is too small to be stratified, its samples are trained on.

    Parameters
    ----------
    share : float
        ``validation_fraction``.
    n_samples : int
        Samples to draw from.
    random_state : RandomState, int or None
        Of the draw.
    why : str
        What they are held out for, for messages.
    labels : sequence of ndarray of int of shape (n_samples,)
        Numbers of each sample's class; an array for each target.
    stratify : bool, default=False
        Whether the classes of the first target keep their shares.
    counted : ndarray of bool of shape (n_samples,), optional
        Samples that have weight; all by default.
    both : bool, default=False
        Whether a label that is there twice should also be held out, for a score that is undefined without it.
    least : int, default=1
        Rows that have to be held out.

    Returns
    -------
    rows, held_out : ndarray of int64

    Raises
    ------
    ValueError
        If the share, or the number of samples, is too small.
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
    rows, held_out = _bring_back(rows, held_out, labels, counted)
    if both:
        rows, held_out = _spare(rows, held_out, labels, counted)
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
    """Classes that samples with weight have, but not those among some rows."""
    there = np.bincount(codes[counted])
    return np.flatnonzero((there > 0) & (np.bincount(codes[rows[counted[rows]]], minlength=len(there)) == 0))


def _bring_back(rows, held_out, labels, counted):
    """Train on a sample of each class that would be held out as a whole."""
    for codes in labels:
        for code in _missing(codes, rows, counted):
            back = held_out[(codes[held_out] == code) & counted[held_out]][:1]
            rows, held_out = np.concatenate([rows, back]), held_out[held_out != back]
    return rows, held_out


def _spare(rows, held_out, labels, counted):
    """Hold out a sample of each class of which none is held out, if it can be spared."""
    for codes in labels:
        for code in _missing(codes, held_out, counted):
            spared = counted[rows]
            for each in labels:  # none shall be the last of its kind
                spared = spared & (np.bincount(each[rows[counted[rows]]], minlength=each.max() + 1)[each[rows]] > 1)
            out = rows[spared & (codes[rows] == code)][:1]
            rows, held_out = rows[~np.isin(rows, out)], np.concatenate([held_out, out])
    return rows, held_out


class Validation:
    """Loss and score on held-out samples, from one forward pass.

    Parameters
    ----------
    estimator : multilayer perceptron
        Whose ``validation_loss_curve_`` and ``validation_scores_`` grow.
    machine : CompiledNetwork
        The network over the source that holds the samples.
    rows : ndarray of int64
        Rows of the source that are held out.
    y : ndarray of shape (n_rows, n_outputs)
        Their targets, as the network is trained to give them.
    sample_weight : ndarray of shape (n_rows,) or None
        Their weights.
    loss_scale : float
        Factor of the reported loss.
    scorer : callable or None
        ``scorer()``, instead of the estimator's own score.
    """

    def __init__(self, estimator, machine, rows, y, sample_weight, loss_scale, scorer):
        self.estimator = estimator
        self.machine = machine
        self.rows = rows
        self.y = y
        self.sample_weight = sample_weight
        self.total = len(rows) if sample_weight is None else float(np.sum(sample_weight))
        self.loss_scale = loss_scale
        self.scorer = scorer

    def measure(self, theta):
        """Append the loss and the score of some parameters; say whether there is something to go by.

        Parameters
        ----------
        theta : ndarray of shape (n_parameters,)

        Returns
        -------
        finite : bool
            False if predictions, or their loss, have overflown.

        Raises
        ------
        ValueError
            If a score is no number, or is NaN although it decides when training stops.
        """
        est = self.estimator
        with np.errstate(over="ignore", invalid="ignore"):
            raw = self.machine.predict(theta, self.rows, linked=False)
            loss = self.machine.losses(raw, self.y, self.sample_weight) * self.loss_scale / self.total
        finite = bool(np.isfinite(loss) and np.isfinite(raw).all())
        if not finite:
            score = np.nan
        elif est.early_stopping_scoring == "loss":
            score = -loss
        elif self.scorer is not None:
            score = self.scorer()
        else:
            score = est._score_raw(self.machine, raw, self.y, self.sample_weight)
            if est.early_stopping and np.isnan(score):
                raise ValueError(
                    f"The score of the {len(self.rows)} held-out sample{'s' * (len(self.rows) != 1)} is not defined; "
                    "early stopping needs more of them. Raise validation_fraction, or pass more in X_val and y_val."
                )
        est.validation_loss_curve_.append(loss)
        est.validation_scores_.append(score)
        if est.verbose:
            print(f"Validation score: {score:f}")
        return finite


def pair_up(X_val, y_val, sample_weight_val):
    """Validation data as a tuple, or None; both halves or neither.

    Raises
    ------
    ValueError
        If one of X_val and y_val is missing.
    """
    if X_val is None and y_val is None:
        if sample_weight_val is not None:
            raise ValueError("sample_weight_val was given without X_val and y_val.")
        return None
    if X_val is None or y_val is None:
        missing, given = ("X_val", "y_val") if X_val is None else ("y_val", "X_val")
        raise ValueError(f"{missing} is missing: {given} was given, and validation needs both.")
    return X_val, y_val, sample_weight_val
