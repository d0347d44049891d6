"""Cross-validation results, which are written to disk as they arrive, so that an early end of the job loses none.

Scores are those of scikit-learn's scorers, for which greater is better; those of losses are negative.
"""

import csv
import math

HYPERPARAMETERS = ("activation", "initializer", "hidden_layer_sizes", "learning_rate_init", "alpha")

FIELDS = ("round", "rows", "folds", "model", *HYPERPARAMETERS, "scoring", "score", "spread", "fit_seconds")

#: Models of this package: all networks of the search, and the ensemble of networks. The others are baselines.
NETWORK, ENSEMBLE = "network", "tabular ensemble"

#: Name of the network with the best score.
BEST = "best network"

#: Maximum number of networks on the leaderboard.
MAX_NETWORKS_SHOWN = 10


class Results:
    """Cross-validation results, appended to a CSV file as they arrive.

    Parameters
    ----------
    path : path
        CSV file, which is replaced.
    scoring : str
        Name of the scorer.
    """

    def __init__(self, path, scoring):
        self.path = path
        self.scoring = scoring
        self.rows = []  #: results as dictionaries with the keys of :data:`FIELDS`
        self._write([], "w")

    def add(self, rows):
        """Append rows with the keys of :data:`FIELDS` except the scoring."""
        self.rows += rows
        self._write(rows, "a")

    def networks(self, number=None):
        """Return the networks of a round, or of the last round that has any if `number` is None, best first."""
        rows = [row for row in self.rows if row["model"] == NETWORK and not math.isnan(row["score"])]
        number = max((row["round"] for row in rows), default=0) if number is None else number
        return sorted((row for row in rows if row["round"] == number), key=by_score)

    def leaderboard(self):
        """Return the best networks of the last round, the ensemble and the baselines, best first."""
        return sorted(
            [*self.networks()[:MAX_NETWORKS_SHOWN], *(row for row in self.rows if row["model"] != NETWORK)],
            key=by_score,
        )

    def winner(self):
        """Return the best network, or the ensemble if its score is better."""
        ensembles = [row for row in self.rows if row["model"] == ENSEMBLE and not math.isnan(row["score"])]
        return min([*self.networks()[:1], *ensembles], key=by_score)

    def baselines(self):
        """Return the baselines that could be fitted, best first."""
        rows = (row for row in self.rows if row["model"] not in (NETWORK, ENSEMBLE))
        return sorted((row for row in rows if not math.isnan(row["score"])), key=by_score)

    def close(self):
        """Rewrite the file sorted by round, the last round first, and by score, the best first."""
        self.rows.sort(key=lambda row: (-row["round"], by_score(row)))
        self._write(self.rows, "w")

    def _write(self, rows, mode):
        with open(self.path, mode, newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS, restval="")
            if mode == "w":
                writer.writeheader()
            writer.writerows({"scoring": self.scoring, **row} for row in rows)


def by_score(row):
    """Return a sort key that puts the best score first and failed fits last."""
    return math.inf if math.isnan(row["score"]) else -row["score"]


def name_of(winner):
    """Return the name of the winner, whose row is from :meth:`Results.winner`."""
    return BEST if winner["model"] == NETWORK else winner["model"]


def settings(row):
    """Describe the hyperparameters of a network row in a few words."""
    if row["model"] != NETWORK:
        return ""
    names = f"{row['activation']}, {row['initializer']}, {row['hidden_layer_sizes']}"
    return f"{names}, lr {row['learning_rate_init']:g}, alpha {row['alpha']:g}"
