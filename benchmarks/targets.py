"""Performance targets: bounds on the ratio of a peer's time to ours, measured in the same rounds.

They are ratios, so that they hold on any processor.
"""

import statistics
from typing import NamedTuple

from benchmarks.contenders import CONTENDERS, LIMIT, ONE_OF_OURS
from benchmarks.ratios import pairwise, summarize
from benchmarks.threads import ALL, ONE

OURS = next(iter(CONTENDERS.values()))
PREDICTOR, PRUNED, AUTO = "sknn_concepts, predictor()", "sknn_concepts, 90 % pruned", "sknn_concepts, auto"
SKLEARN, INTELEX, TORCH, JAX = "scikit-learn", "scikit-learn-intelex", "PyTorch", "JAX"


class Target(NamedTuple):
    """Target for one ratio.

    Attributes
    ----------
    workload : str
        Name of the workload.
    peer : str
        Label of the peer's entry. A label that ends with ``*`` stands for the fastest entry of that contender.
    least : float or None
        Lower bound of the ratio.
    most : float or None
        Upper bound of the ratio.
    ours : str
        Label of our entry.
    threads : str
        Threads of the race, `ALL` or `ONE`.
    """

    workload: str
    peer: str
    least: float | None = None
    most: float | None = None
    ours: str = OURS
    threads: str = ALL

    def means(self, label):
        """Whether an entry belongs to the peer."""
        name = self.peer.removesuffix("*")
        return label == name or (self.peer.endswith("*") and label.startswith(f"{name}, "))

    def found(self, record):
        """Return the ratios for the fastest entry of the peer, and its label, or None if an entry is missing."""
        contenders = record["contenders"]
        labels = [label for label in contenders if self.means(label)]
        if self.ours not in contenders or not labels:
            return None
        fastest = min(labels, key=lambda label: statistics.median(contenders[label]["seconds"]))
        return pairwise(contenders[self.ours]["seconds"], contenders[fastest]["seconds"]), fastest

    def met(self, ratio):
        """Whether a ratio meets the target."""
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)

    def says(self):
        """Describe the target."""
        ours = "" if self.ours == OURS else f" / {self.ours}"
        peer = f"the fastest solver of {self.peer[:-1]}" if self.peer.endswith("*") else self.peer
        if self.peer == LIMIT:
            return f"limit / our time: at least {self.least:.0%}"
        bound = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        return f"{peer}{ours}: {bound}"


def _units(work):
    names = (f"{OURS}, tanh", f"{OURS}, logistic")
    return [Target(f"mlp-{work}-units-{dtype}", name, most=1.15) for dtype in ("float32", "float64") for name in names]


TARGETS = (
    Target("mlp-wide-relu-float32", ONE_OF_OURS, 1.7),
    Target("mlp-widest-relu-float32", ONE_OF_OURS, 1.9),
    Target("mlp-tall-relu-float32", ONE_OF_OURS, 1.0),
    Target("mlp-digits-relu-float32", ONE_OF_OURS, 1.2),
    Target("mlp-tiny-float32", ONE_OF_OURS, 0.97),
    Target("mlp-wide-relu-float32", SKLEARN, 4.0),
    Target("mlp-wide-relu-float32", TORCH, 2.2),
    Target("mlp-wide-relu-float32", JAX, 1.7),
    Target("mlp-wide-relu-float32", LIMIT, 0.75, threads=ONE),
    Target("mlp-widest-relu-float32", SKLEARN, 2.2),
    Target("mlp-widest-relu-float32", TORCH, 1.5),
    Target("mlp-widest-relu-float32", JAX, 1.2),
    Target("mlp-wide-relu-float64", SKLEARN, 3.5),
    Target("mlp-digits-relu-float32", SKLEARN, 6.0),
    Target("mlp-digits-relu-float32", TORCH, 8.0),
    Target("mlp-digits-relu-float32", JAX, 1.5),
    Target("mlp-digits-relu-float32", LIMIT, 0.6, threads=ONE),
    Target("mlp-digits-relu-float64", SKLEARN, 4.0),
    Target("mlp-tall-relu-float32", SKLEARN, 8.0),
    Target("mlp-tall-relu-float32", TORCH, 8.0),
    Target("mlp-tall-relu-float32", JAX, 2.0),
    Target("mlp-tall-relu-float32", LIMIT, 0.75, threads=ONE),
    Target("mlp-tall-relu-float64", SKLEARN, 4.0),
    *_units("digits"),
    *_units("tall"),
    Target("mlp-tiny-float32", SKLEARN, 40.0),
    Target("mlp-tiny-float32", TORCH, 60.0),
    Target("mlp-lbfgs-float64", SKLEARN, 2.5),
    Target("mlp-sparse-float32", SKLEARN, 3.0),
    Target("search-digits-float64", SKLEARN, 3.5),
    Target("predict-row-mlp", SKLEARN, 1.0),
    Target("predict-row-mlp", SKLEARN, 5.0, ours=PREDICTOR),
    Target("predict-row-logistic", SKLEARN, 1.0),
    Target("predict-row-logistic", SKLEARN, 5.0, ours=PREDICTOR),
    Target("predict-rows-mlp", SKLEARN, 1.2),
    Target("predict-rows-mlp", TORCH, 1.0),
    Target("predict-rows-mlp", "onnxruntime", 1.0),
    Target("predict-rows-mlp", OURS, 4.0, ours=PRUNED),
    Target("predict-rows-mlp", OURS, 4.0, ours=PRUNED, threads=ONE),
    Target("curvature-relu-float32", "BackPACK", 3.0),
    Target("logistic-tall-float64", SKLEARN, 4.0),
    Target("logistic-tall-float64", INTELEX, 1.5),
    Target("logistic-wide-float64", SKLEARN, 4.0),
    Target("logistic-wide-float64", INTELEX, 1.5),
    Target("logistic-pass-tall-float64", LIMIT, 0.7),
    Target("logistic-pass-wide-float64", LIMIT, 0.7),
    Target("logistic-multinomial-float64", SKLEARN, 2.0),
    Target("logistic-sparse-l2-float64", f"{SKLEARN}*", 3.0, ours=AUTO),
    Target("logistic-sparse-l1-float64", f"{SKLEARN}*", 3.0),
    Target("logistic-sparse-l1-float64", "skglm", 1.0),
    Target("perceptron-dense-float64", SKLEARN, 4.0),
    Target("perceptron-sparse-float64", SKLEARN, 1.5),
)


def judge(races):
    """Yield all targets with the measured ratios.

    Parameters
    ----------
    races : list of dict
        Records of the races.

    Yields
    ------
    target : Target
    ratio : dict or None
        Summary of the ratios, or None if they were not measured.
    fastest : str or None
        Label of the peer's entry.
    """
    by_name = {(record["name"], record["threads"]): record for record in races}
    for target in TARGETS:
        record = by_name.get((target.workload, target.threads))
        found = None if record is None else target.found(record)
        yield target, *((None, None) if found is None else (summarize(found[0]), found[1]))
