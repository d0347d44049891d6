"""What is to be reached: each a ratio of the time of a peer to the time of ours, both taken in the same rounds."""

import statistics
from typing import NamedTuple

from benchmarks.contenders import CONTENDERS, LIMIT
from benchmarks.ratios import pairwise, summarize

OURS = next(iter(CONTENDERS.values()))
SKLEARN, INTELEX, TORCH, JAX = "scikit-learn", "scikit-learn-intelex", "PyTorch", "JAX"


class Target(NamedTuple):
    """One ratio.

    Attributes
    ----------
    workload : str
        Name.
    peer : str
        Label of an entry. One that ends with ``*`` is the fastest of all entries of that contender.
    least : float or None
        Smallest ratio that will do.
    most : float or None
        Largest ratio that will do.
    ours : str
        Label of the entry that it is compared with.
    """

    workload: str
    peer: str
    least: float | None = None
    most: float | None = None
    ours: str = OURS

    def means(self, label):
        """Whether an entry is the peer, or one of the peers."""
        name = self.peer.removesuffix("*")
        return label == name or (self.peer.endswith("*") and label.startswith(f"{name}, "))

    def found(self, record):
        """Ratios of each round to the fastest entry meant, and its label; None where one side took no part."""
        contenders = record["contenders"]
        labels = [label for label in contenders if self.means(label)]
        if self.ours not in contenders or not labels:
            return None
        fastest = min(labels, key=lambda label: statistics.median(contenders[label]["seconds"]))
        return pairwise(contenders[self.ours]["seconds"], contenders[fastest]["seconds"]), fastest

    def met(self, ratio):
        """Whether a ratio will do."""
        return (self.least is None or ratio >= self.least) and (self.most is None or ratio <= self.most)

    def says(self):
        """The target in words."""
        ours = "" if self.ours == OURS else f" over {self.ours}"
        peer = f"the fastest of {self.peer[:-1]}" if self.peer.endswith("*") else self.peer
        if self.peer == LIMIT:
            return f"at least {self.least:.0%} of the limit"
        bound = f"at least {self.least:g}" if self.least is not None else f"at most {self.most:g}"
        return f"{peer}{ours}: {bound}"


def _units(work):
    names = (f"{OURS}, tanh", f"{OURS}, logistic")
    return [Target(f"mlp-{work}-units-{dtype}", name, most=1.15) for dtype in ("float32", "float64") for name in names]


TARGETS = (
    Target("mlp-digits-relu-float32", SKLEARN, 6.0),
    Target("mlp-digits-relu-float32", TORCH, 5.0),
    Target("mlp-digits-relu-float32", JAX, 1.5),
    Target("mlp-tall-relu-float32", SKLEARN, 8.0),
    Target("mlp-tall-relu-float32", TORCH, 5.0),
    Target("mlp-tall-relu-float32", JAX, 1.8),
    Target("mlp-wide-relu-float32", SKLEARN, 4.0),
    Target("mlp-wide-relu-float32", TORCH, 2.4),
    Target("mlp-wide-relu-float32", JAX, 1.2),
    Target("mlp-wide-relu-float32", LIMIT, 0.75),
    Target("mlp-digits-relu-float64", SKLEARN, 4.0),
    Target("mlp-tall-relu-float64", SKLEARN, 4.0),
    Target("mlp-wide-relu-float64", SKLEARN, 4.0),
    *_units("digits"),
    *_units("tall"),
    *_units("wide"),
    Target("mlp-tiny-float32", SKLEARN, 40.0),
    Target("mlp-tiny-float32", TORCH, 60.0),
    Target("mlp-lbfgs-float64", SKLEARN, 2.5),
    Target("mlp-sparse-float32", SKLEARN, 3.0),
    Target("logistic-tall-float64", SKLEARN, 4.0),
    Target("logistic-tall-float64", f"{INTELEX}*", 1.5),
    Target("logistic-wide-float64", SKLEARN, 4.0),
    Target("logistic-wide-float64", f"{INTELEX}*", 1.5),
    Target("logistic-pass-tall-float64", LIMIT, 0.7),
    Target("logistic-pass-wide-float64", LIMIT, 0.7),
    Target("logistic-multinomial-float64", SKLEARN, 2.0),
    Target("logistic-sparse-l2-float64", f"{SKLEARN}*", 2.0, ours="sknn_concepts, auto"),
    Target("logistic-sparse-l1-float64", f"{SKLEARN}*", 4.0),
    Target("logistic-sparse-l1-float64", "skglm", 1.0),
    Target("perceptron-dense-float64", SKLEARN, 4.0),
    Target("perceptron-sparse-float64", SKLEARN, 1.5),
    Target("search-digits-float64", SKLEARN, 3.0),
    Target("predict-row-mlp", SKLEARN, 1.0),
    Target("predict-row-mlp", SKLEARN, 5.0, ours="sknn_concepts, predictor()"),
    Target("predict-row-logistic", SKLEARN, 1.0),
    Target("predict-row-logistic", SKLEARN, 5.0, ours="sknn_concepts, predictor()"),
    Target("predict-rows-mlp", "onnxruntime", 1.0),
)


def judge(races):
    """What became of each target.

    Parameters
    ----------
    races : list of dict
        Records.

    Yields
    ------
    target : Target
    title : str
        Of the workload; its name where it was not run.
    ratio : dict or None
        Summary of the ratios; None where they were not measured.
    fastest : str or None
        Label of the peer.
    """
    by_name = {record["name"]: record for record in races}
    for target in TARGETS:
        record = by_name.get(target.workload)
        found = None if record is None else target.found(record)
        title = target.workload if record is None else record["title"]
        yield target, title, *((None, None) if found is None else (summarize(found[0]), found[1]))
