"""The base class of TabularClassifier and TabularRegressor."""

import copy
import dataclasses
from numbers import Integral

import joblib
import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_consistent_length, check_is_fitted, validate_data

from sknn_concepts.estimators.onnx_hooks import OnnxHooks
from sknn_concepts.tabular.columns import ColumnReader
from sknn_concepts.tabular.ensemble.deadline import Deadline
from sknn_concepts.tabular.ensemble.distillation import distill
from sknn_concepts.tabular.ensemble.folds import make_folds
from sknn_concepts.tabular.ensemble.importances import permutation_importances
from sknn_concepts.tabular.ensemble.members import (
    Member,
    TrainingTable,
    common_folds,
    no_warnings_of_networks,
    predict_held_out,
)
from sknn_concepts.tabular.ensemble.observer import Observer, open_checkpoint
from sknn_concepts.tabular.ensemble.settings import draw_settings
from sknn_concepts.tabular.ensemble.training import MIN_ROWS_TO_CHOOSE, train_ensemble
from sknn_concepts.tabular.reading.cells import as_table, is_missing
from sknn_concepts.validation.compat import CallbackSupportMixin
from sknn_concepts.validation.constraints import Number
from sknn_concepts.validation.saved_state import SavedState
from sknn_concepts.validation.threads import allowed_threads

#: Number of folds by default: of less than MIN_ROWS_TO_CHOOSE rows, of more rows, and from many rows on.
N_FOLDS_OF_FEW_ROWS, N_FOLDS, N_FOLDS_OF_MANY_ROWS, MANY_ROWS = 8, 4, 1, 30_000

#: Largest seed of a member, and distance between those of two members, which have a seed for each fold.
MAX_SEED, SEEDS_PER_MEMBER = 2**30, 1_000


class BaseTabular(CallbackSupportMixin, OnnxHooks, SavedState, BaseEstimator):
    """Ensemble of networks with drawn settings. Subclasses define the targets."""

    # attributes that fit sets, for type checkers; docstrings.py describes them
    members_: list[Member]
    weights_: np.ndarray
    leaderboard_: dict[str, np.ndarray]
    feature_importances_: np.ndarray
    n_features_in_: int

    _parameter_constraints: dict = {
        "n_members": [Interval(Integral, 1, None, closed="left")],
        "max_members": [Interval(Integral, 1, None, closed="left")],
        "n_folds": [StrOptions({"auto"}), Interval(Integral, 1, SEEDS_PER_MEMBER, closed="left")],
        "time_limit": [Number(0, None, closed="neither"), None],
        "categorical_features": ColumnReader._parameter_constraints["categorical_features"],
        "compute_importances": ["boolean"],
        "warm_start": ["boolean"],
        "verbose": ["verbose"],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
    }

    def _check_weights(self, sample_weight, y):
        """Return checked sample weights, or None."""
        if sample_weight is None:
            return None
        return _check_sample_weight(sample_weight, np.empty((len(y), 1)), ensure_non_negative=True)

    def _fit_ensemble(self, X, y, sample_weight, make_targets, task):
        """Set the fitted attributes that do not depend on the kind of targets, and return the training table.

        ``make_targets(rows, weights)`` makes the targets of the rows whose weight is not 0. The `task` tells callbacks
        of the networks, or is None.
        """
        deadline = Deadline(self.time_limit)
        frame = as_table(X, estimator=self)
        check_consistent_length(frame, y)
        validate_data(self, frame, skip_check_array=True)
        rows, weights = _rows_with_weight(sample_weight, len(y))
        if len(rows) < 2:
            raise ValueError(f"{type(self).__name__} needs at least 2 samples with weight; got n_samples={len(rows)}.")
        self._reader = ColumnReader(self.categorical_features).fit(frame)
        columns, targets = self._reader.transform(frame)[rows], make_targets(rows, weights)
        seed = check_random_state(self.random_state).randint(MAX_SEED)
        folds = make_folds(len(rows), self._number_of_folds(len(rows)), targets.strata, np.random.RandomState(seed))
        table = TrainingTable(columns, targets, weights, folds)
        candidates, digest = self._candidates(table, seed)
        checkpoint = open_checkpoint(self, candidates, table)
        observer = Observer(candidates, table, bool(self.verbose), task, checkpoint)
        with no_warnings_of_networks():
            self.members_, self.weights_ = train_ensemble(
                candidates,
                table,
                max_members=self.max_members,
                n_threads=allowed_threads(self.n_jobs),
                deadline=deadline,
                random_state=np.random.RandomState(seed),
                observer=observer,
            )
        self.leaderboard_ = _leaderboard(candidates, self.members_, self.weights_, table)
        self._warm = (seed, candidates, digest) if self.warm_start else None
        vars(self).pop("feature_importances_", None)
        if self.compute_importances:
            sources = self._reader.number_sources_, self._reader.category_sources_
            self.feature_importances_ = permutation_importances(
                self.members_, self.weights_, table, *sources, self.n_features_in_, np.random.RandomState(seed)
            )
        if checkpoint is not None and not deadline.interrupted:
            checkpoint.remove()
        return table

    def _assign_attributes_of(self, fitted):
        """Take over the attributes of a fitted copy."""
        self.__dict__ = vars(fitted)

    def _number_of_folds(self, n_rows):
        if self.n_folds != "auto":
            return self.n_folds
        if n_rows < MIN_ROWS_TO_CHOOSE:
            return N_FOLDS_OF_FEW_ROWS
        return N_FOLDS if n_rows < MANY_ROWS else N_FOLDS_OF_MANY_ROWS

    def _candidates(self, table, seed):
        """Return the candidates, after those of the last fit if warm_start, and a digest of the training table."""
        digest, before = None, []
        if self.warm_start:
            digest = joblib.hash([table.columns, vars(table.targets), table.weights])
            known = vars(self).get("_warm")
            if known is not None:
                seed, before, known_digest = known
                if known_digest != digest:
                    raise ValueError(
                        "warm_start=True adds members to an ensemble: X, y and sample_weight must be those of the last "
                        "call to fit."
                    )
        settings = draw_settings(max(self.n_members, len(before)), seed)
        drawn = [Member(one, seed + SEEDS_PER_MEMBER * number) for number, one in enumerate(settings)]
        return [*before, *drawn[len(before) :]], digest

    def _predict(self, X, predict_networks):
        """Average the predictions of the members, whose networks predict by ``predict_networks(networks, encoded)``."""
        check_is_fitted(self)
        frame = as_table(X, estimator=self)
        validate_data(self, frame, reset=False, skip_check_array=True)
        columns = self._reader.transform(frame)
        predictions = (member.predict(columns, predict_networks) for member in self.members_)
        return sum(weight * one for weight, one in zip(self.weights_, predictions, strict=True))

    def _distill(self, X, predictions, network_class, as_targets):
        """Return a copy whose only network was trained on predictions for X; see :func:`distill`."""
        columns = self._reader.transform(as_table(X, estimator=self))
        distilled = copy.copy(self)
        distilled.members_ = [distill(self.members_, columns, predictions, network_class, as_targets)]
        distilled.weights_ = np.ones(1)
        distilled._warm = None
        return distilled

    def _predict_held_out(self, table):
        """Average the predictions of the members for rows that they were not trained on.

        Returns these rows and the predictions.
        """
        folds = common_folds(self.members_)
        return table.held_out(folds), predict_held_out(self.members_, self.weights_, folds, table)

    def __sklearn_is_fitted__(self):
        """Return whether there are members."""
        return hasattr(self, "members_")

    def __sklearn_tags__(self):
        """Declare support for missing values, categories and strings."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        tags.non_deterministic = self.time_limit is not None
        return tags


def check_not_missing(y):
    """Raise ValueError if y is None or some of its values are missing."""
    if y is None:
        raise ValueError("An ensemble requires y to be passed, but the target y is None.")
    values = np.asarray(y, dtype=object).ravel()
    n_missing = int(is_missing(values).sum())
    if n_missing:
        raise ValueError(f"Input y contains NaN: {n_missing} of {len(values)} values are missing. Remove these rows.")


def _rows_with_weight(sample_weight, n_rows):
    """Return the rows whose weight is not 0, and their weights, with mean 1, or None if all count alike."""
    if sample_weight is None:
        return np.arange(n_rows), None
    rows = np.flatnonzero(sample_weight)
    return rows, sample_weight[rows] / sample_weight[rows].mean() if len(rows) else None


def _leaderboard(candidates, members, weights, table):
    """Return the settings and results of the candidates, the members first, as arrays by name."""
    weight_of = dict(zip(map(id, members), weights.tolist(), strict=True))
    rows = []
    for member in candidates:
        if member.networks:
            folds = sorted(member.networks)
            held_out = table.held_out(folds)
            losses = table.targets.losses(np.concatenate([member.summaries[fold] for fold in folds]))
            facts = {
                "weight": weight_of.get(id(member), 0.0),
                "held_out_loss": float(np.average(losses, weights=table.row_weights[held_out])),
                "n_networks": len(folds),
                "seconds": member.seconds,
            }
            rows.append({**facts, **dataclasses.asdict(member.settings)})
    rows.sort(key=lambda row: (-row["weight"], row["held_out_loss"]))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}
