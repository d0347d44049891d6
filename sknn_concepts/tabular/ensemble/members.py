"""Members of an ensemble: an encoder, and the networks that were trained on its output."""

import contextlib
import dataclasses
import time
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from sknn_concepts.tabular.ensemble.settings import MemberSettings
from sknn_concepts.training.trainer import STOP_EVENT


@dataclasses.dataclass(frozen=True)
class TrainingTable:
    """What all members are trained on.

    Attributes
    ----------
    columns : Columns
        Features.
    targets : ClassTargets or NumberTargets
        Targets.
    weights : ndarray of shape (n_rows,) or None
        Weights of the rows; None if all count alike.
    folds : list of tuple of ndarray
        Rows to train on and rows held out, of each fold.
    """

    columns: object
    targets: object
    weights: np.ndarray | None
    folds: list

    def __len__(self):
        return len(self.columns)

    @property
    def row_weights(self):
        """Weights of the rows, of shape (n_rows,)."""
        return np.ones(len(self.columns)) if self.weights is None else self.weights

    def held_out(self, folds):
        """Return the held-out rows of some folds, one fold after the other."""
        return np.concatenate([self.folds[fold][1] for fold in folds])

    def weights_of(self, rows):
        """Return the weights of some rows, or None if all rows count alike."""
        return None if self.weights is None else self.weights[rows]


@dataclasses.dataclass
class Member:
    """Encoder and networks of one setting.

    Attributes
    ----------
    settings : MemberSettings
        Settings.
    seed : int
        Seed of the encoder and of the first network.
    encoder : ColumnEncoder
        Encoder, fitted to all rows.
    networks : dict of int to MLPClassifier or MLPRegressor
        Networks by fold.
    summaries : dict of int to ndarray
        Summarized predictions for the held-out rows by fold.
    seconds : float
        Time that encoding and training took.
    """

    settings: MemberSettings
    seed: int
    encoder: object = None
    networks: dict = dataclasses.field(default_factory=dict)
    summaries: dict = dataclasses.field(default_factory=dict)
    seconds: float = 0.0

    def fit(self, fold, table, stop_event):
        """Train the network of a fold, until `stop_event` at the latest.

        Several folds may be trained at once, after the first one.
        """
        start = time.perf_counter()
        if self.encoder is None:
            self.encoder = self.settings.make_encoder(self.seed).fit(table.columns)
        encoded = self.encoder.transform(table.columns)
        train, held_out = table.folds[fold]
        network = table.targets.network_class(**self.settings.network_parameters(len(train), self.seed + fold))
        measured = table.targets.measurable(train, held_out)
        measured = measured if len(measured) else train
        STOP_EVENT.set(stop_event)  # in the context of this thread
        network.fit(
            encoded[train],
            table.targets.for_training(train),
            table.weights_of(train),
            X_val=encoded[measured],
            y_val=table.targets.for_training(measured),
            sample_weight_val=table.weights_of(measured),
        )
        network._forget_training()
        predictions = table.targets.predict(network, encoded[held_out])
        self.summaries[fold] = table.targets.summarize(predictions, held_out)
        self.networks[fold] = network
        self.seconds += time.perf_counter() - start

    def adopt(self, trained):
        """Take over the encoder and the networks of a copy that was trained in another process."""
        self.encoder = trained.encoder if self.encoder is None else self.encoder
        self.networks.update(trained.networks)
        self.summaries.update(trained.summaries)
        self.seconds += trained.seconds

    def predict(self, columns, predict_networks):
        """Average the predictions of the networks, ``predict_networks(networks, encoded)``."""
        encoded = self.encoder.transform(columns)
        # in the order of the folds, not in that in which their networks were ready, so that sums are the same
        networks = [self.networks[fold] for fold in sorted(self.networks)]
        return sum(predict_networks(networks, encoded)) / len(networks)

    def predict_held_out(self, folds, table):
        """Predict the held-out rows of some folds, with the networks that were not trained on them."""
        encoded = self.encoder.transform(table.columns)
        return np.concatenate(
            [table.targets.predict(self.networks[fold], encoded[table.folds[fold][1]]) for fold in folds]
        )


@contextlib.contextmanager
def no_warnings_of_networks():
    """Ignore warnings about networks whose training ends early, as the time or the user wants it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "Training interrupted by user\\.$")
        yield


def common_folds(members):
    """Return the folds for which all members have networks, in order."""
    return sorted(set.intersection(*(set(member.networks) for member in members)))


def predict_held_out(members, weights, folds, table):
    """Average the predictions of members for the held-out rows of some folds."""
    predictions = (member.predict_held_out(folds, table) for member in members)
    return sum(weight * one for weight, one in zip(weights, predictions, strict=True))
