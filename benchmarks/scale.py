"""Scaling of time and memory with the size of the work: ``python -m benchmarks.scale [WHAT ...]``.

- ``rows``: time of an epoch by number of samples, from 10^4 to 10^7;
- ``parameters``: time of an epoch by number of parameters;
- ``memmap``: growth of peak memory during a fit on a memory-mapped file;
- ``chunks``: growth of memory over 1,000 calls of ``partial_fit``;
- ``threads``: speedup of a grid search with two processes.

Each is measured in its own process. Results are written to ``results/scale.json``, and ``python -m benchmarks render``
adds them and their plot to the docs.
"""

import argparse
import json
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time
import warnings

import numpy as np

from benchmarks import ROOT
from benchmarks.data import dense
from benchmarks.environment import ask_environment, clean_variables, machine_name
from benchmarks.memory import memory_in_use
from benchmarks.workload import network_parameters

RESULTS = pathlib.Path(__file__).parent / "results" / "scale.json"

#: Number of features in ``rows``.
FEATURES = 10

#: Number of samples in a call of ``partial_fit``.
CHUNK = 1_000


def main(arguments=None):
    """Run the measurements and write the results."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale", description=__doc__)
    parser.add_argument("what", nargs="*", choices=[[], *MEASURES], help="measurements to run; default: all")
    parser.add_argument("--quick", action="store_true", help="up to 10^5 rows, a small file, 100 chunks")
    parser.add_argument("--gigabytes", type=float, default=4.0, help="size of the memory-mapped file")
    parser.add_argument("--folder", default=None, help="folder for that file")
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS, metavar="FILE")
    parser.add_argument("--one", choices=list(MEASURES), help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.one:
        warnings.simplefilter("ignore")
        print(json.dumps(MEASURES[options.one](options)))
        return
    variables = clean_variables()
    old = json.loads(options.results.read_text()) if options.results.exists() else {}
    results = old | {"environment": ask_environment(variables)}
    for what in options.what or MEASURES:
        given = ["--gigabytes", str(options.gigabytes), *(["--quick"] if options.quick else [])]
        given += ["--folder", options.folder] if options.folder else []
        command = [sys.executable, "-m", "benchmarks.scale", "--one", what, *given]
        done = subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=subprocess.PIPE, text=True)
        results[what] = json.loads(done.stdout)
        print(f"{what}: {json.dumps(results[what])}", flush=True)
        options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(describe(results))


def measure_rows(options):
    """Time one epoch of a network, and a logistic regression, by number of samples."""
    import sknn_concepts

    counts = [int(count) for count in np.logspace(4, 5 if options.quick else 7, 3 if options.quick else 7)]
    X, y = dense(counts[-1], FEATURES, 2, "float32")
    network = sknn_concepts.MLPClassifier(**network_parameters((32,), epochs=1, batch_size=256))
    logistic = sknn_concepts.LogisticRegression(tol=1e-3)
    found = {}
    for name, model in (("MLPClassifier 10-32-2, one epoch", network), ("LogisticRegression, tol=1e-3", logistic)):
        seconds = [_time(lambda n=n, model=model: model.fit(X[:n], y[:n]), n < 10**6) for n in counts]
        found[name] = growth(counts, seconds)
    return found


def measure_parameters(options):
    """Time one epoch of networks with one hidden layer, by number of parameters."""
    import sknn_concepts

    X, y = dense(2_000 if options.quick else 10_000, 256, 10, "float32")
    hidden = [32, 64, 128] if options.quick else [32, 64, 128, 256, 512, 1024, 2048, 4096]
    counts, seconds = [], []
    for units in hidden:
        model = sknn_concepts.MLPClassifier(**network_parameters((units,), epochs=1, batch_size=256))
        seconds.append(_time(lambda model=model: model.fit(X, y), units < 2048))
        counts.append(int(sum(w.size for w in (*model.coefs_, *model.intercepts_))))
    name = f"MLPClassifier 256-h-10, {len(X):,} samples, one epoch"
    return {name: growth(counts, seconds)}


def measure_memmap(options):
    """Measure the growth of peak memory during one epoch on a memory-mapped file.

    Pages of the file are not counted, because they belong to the system's cache, which can free them at any time.
    """
    import sknn_concepts

    gigabytes = 0.05 if options.quick else options.gigabytes
    n_features = 100
    n_samples = int(gigabytes * 1e9 / (4 * n_features))
    model = sknn_concepts.MLPClassifier(**network_parameters((32,), epochs=1, batch_size=256))
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        path = pathlib.Path(folder) / "samples.npy"
        X = np.lib.format.open_memmap(path, "w+", np.float32, (n_samples, n_features))
        generator = np.random.default_rng(0)
        for start in range(0, n_samples, 100_000):
            part = X[start : start + 100_000]
            part[:] = generator.standard_normal(part.shape, np.float32)
        X.flush()
        y = np.asarray(X[:, 0] > 0.0)
        del X, part
        X = np.load(path, mmap_mode="r")
        model.fit(np.array(X[:1_000]), y[:1_000])  # compiles
        before = memory_in_use("RssAnon")
        with Watch() as watch:
            start = time.perf_counter()
            model.fit(X, y)
            seconds = time.perf_counter() - start
        del X
    return {
        "bytes": 4 * n_samples * n_features,
        "samples": n_samples,
        "seconds": seconds,
        "growth": watch.most - before,
    }


class Watch:
    """Context manager that records the peak of anonymous memory, sampled fifty times per second.

    Attributes
    ----------
    most : int
        Peak in bytes.
    """

    def __enter__(self):
        """Start sampling."""
        import threading

        self.most = memory_in_use("RssAnon")
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._follow)
        self._thread.start()
        return self

    def _follow(self):
        while not self._over.wait(0.02):
            self.most = max(self.most, memory_in_use("RssAnon"))

    def __exit__(self, *_):
        """Stop sampling."""
        self._over.set()
        self._thread.join()


def measure_chunks(options):
    """Measure the memory in use after each tenth of the calls of ``partial_fit``."""
    import sknn_concepts

    calls = 100 if options.quick else 1_000
    X, y = dense(10 * CHUNK, 20, 2, "float64")
    found = {}
    for name in ("MLPClassifier", "MLPRegressor", "Perceptron"):
        model = getattr(sknn_concepts, name)()
        classes = {} if name == "MLPRegressor" else {"classes": [0, 1]}
        used = []
        for call in range(calls):
            start = CHUNK * (call % 10)
            model.partial_fit(X[start : start + CHUNK], y[start : start + CHUNK], **classes)
            if (call + 1) % (calls // 10) == 0:
                used.append(memory_in_use("RssAnon"))
        found[name] = {"calls": calls, "used": used, "growth_per_call": (used[-1] - used[1]) / (0.8 * calls)}
    return found


def measure_threads(options):
    """Time a grid search with one process and with two in turns, and return the ratio."""
    from sklearn.model_selection import GridSearchCV

    import sknn_concepts
    from benchmarks.data import digits

    X, y = digits("float64")
    model = sknn_concepts.MLPClassifier(
        **network_parameters((100,), epochs=10 if options.quick else 60, batch_size=200)
    )

    def search(n_jobs):
        return GridSearchCV(model, {"alpha": [1e-5, 1e-4, 1e-3, 1e-2]}, cv=5, n_jobs=n_jobs, refit=False).fit(X, y)

    search(2)  # starts the processes
    pairs = [tuple(_time(lambda n=n: search(n)) for n in (1, 2)) for _ in range(3)]
    return {"seconds": pairs, "ratio": statistics.median(one / two for one, two in pairs)}


MEASURES = {
    "rows": measure_rows,
    "parameters": measure_parameters,
    "memmap": measure_memmap,
    "chunks": measure_chunks,
    "threads": measure_threads,
}


def growth(counts, seconds):
    """Fit the exponent of time as a power of the count, for all counts and for their larger half.

    The smaller half includes a larger share of constant costs, such as validation.
    """
    slopes = [
        float(np.polyfit(np.log(counts[start:]), np.log(seconds[start:]), 1)[0]) for start in (0, len(counts) // 2)
    ]
    return {"counts": counts, "seconds": seconds, "exponent": slopes[0], "upper_exponent": slopes[1]}


def describe(results):
    """Return the available results as a Markdown list."""
    lines = []
    if "environment" in results:
        environment = results["environment"]
        lines.append(f"{environment['cpu']} ({machine_name(environment)}), {environment['date'][:10]}")
    for what in ("rows", "parameters"):
        for name, found in results.get(what, {}).items():
            least, most = (f"{count:,}" for count in (found["counts"][0], found["counts"][-1]))
            power = f"n^{found['exponent']:.2f} (n^{found['upper_exponent']:.2f} for the larger half of the sizes)"
            lines.append(f"{name}: from {least} to {most} {what}, time grows as {power}")
    if "memmap" in results:
        found = results["memmap"]
        lines.append(
            f"A memory-mapped file of {found['bytes'] / 1e9:.2g} GB: peak memory grows by "
            f"{found['growth'] / 1e6:.0f} MB"
        )
    for name, found in results.get("chunks", {}).items():
        lines.append(
            f"{name}.partial_fit, {found['calls']:,} chunks: memory grows by {found['growth_per_call']:.0f} bytes "
            "per call"
        )
    if "threads" in results:
        lines.append(f"A grid search is {results['threads']['ratio']:.2f} times as fast with two processes as with one")
    return "\n".join(f"- {line}" for line in lines)


def plot(results, path):
    """Plot times by count, with the exponents of the larger halves.

    Parameters
    ----------
    results : dict
        Content of the file of results.
    path : Path
        Image to write.

    Returns
    -------
    drawn : bool
        Whether the plot was drawn, for which matplotlib and a result are needed.
    """
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError:
        return False
    measured = [what for what in ("rows", "parameters") if what in results]
    if not measured:
        return False
    figure = Figure(figsize=(5.0 * len(measured), 4.0), layout="constrained")
    for axes, what in zip(figure.subplots(1, len(measured), squeeze=False)[0], measured, strict=True):
        for name, found in results[what].items():
            axes.loglog(
                found["counts"], found["seconds"], "o-", label=f"{name}: exponent {found['upper_exponent']:.2f}"
            )
        axes.set_xlabel({"rows": "samples", "parameters": "parameters"}[what])
        axes.set_ylabel("seconds")
        axes.grid(alpha=0.3)
        axes.legend(fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1.0), frameon=False)  # above all points
    with matplotlib.rc_context({"svg.hashsalt": "benchmarks"}):
        figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None)
    return True


def _time(work, again=True):
    """Time a function: the best of four runs, or a single run if `again` is false."""
    seconds = []
    for _ in range(4 if again else 1):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


if __name__ == "__main__":
    main()
