"""What has been measured so far. It is on disk after every few fits, so that a run that ends early loses nothing."""

import csv
import math

HYPER_PARAMETERS = ("activation", "initializer", "hidden_layer_sizes", "learning_rate_init", "alpha")

FIELDS = ("round", "rows", "folds", "model", *HYPER_PARAMETERS, "score", "spread", "fit_seconds")

NETWORK = "network"

#: So many networks of the last round stand on the leaderboard.
SHOWN = 10


class Results:
    """Rows of cross-validated scores, appended to a CSV file as they come.

    Parameters
    ----------
    path : path
        The CSV file; replaced.
    """

    def __init__(self, path):
        self.path = path
        self.rows = []
        self._write([], "w")

    def add(self, rows):
        """Append measured rows: dicts with the keys of :data:`FIELDS`."""
        self.rows += rows
        self._write(rows, "a")

    def networks(self, number=None):
        """Networks of a round, best first; of the last round that has any where `number` is None."""
        rows = [row for row in self.rows if row["model"] == NETWORK and not math.isnan(row["score"])]
        number = max((row["round"] for row in rows), default=0) if number is None else number
        return sorted((row for row in rows if row["round"] == number), key=by_score)

    def leaderboard(self):
        """The best networks of the last round and the baselines, best first."""
        return sorted([*self.networks()[:SHOWN], *(row for row in self.rows if row["model"] != NETWORK)], key=by_score)

    def close(self):
        """Write the file once more, the last round first, the best first in each."""
        self.rows.sort(key=lambda row: (-row["round"], by_score(row)))
        self._write(self.rows, "w")

    def _write(self, rows, mode):
        with open(self.path, mode, newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, FIELDS, restval="")
            if mode == "w":
                writer.writeheader()
            writer.writerows(rows)


def by_score(row):
    """Sort key: the best score first, failed fits last."""
    return math.inf if math.isnan(row["score"]) else -row["score"]


def settings(row):
    """Hyper-parameters of a row of a network, in a few words."""
    if row["model"] != NETWORK:
        return ""
    names = f"{row['activation']}, {row['initializer']}, {row['hidden_layer_sizes']}"
    return f"{names}, lr {row['learning_rate_init']:g}, alpha {row['alpha']:g}"
