"""Cost of a fit on a Dask cluster: ``python -m benchmarks.cluster``.

It measures the parts of the time on one machine, with one worker process and with two: the round trip of a step, the
transfer of parameters, the work on a row, and the loading of a block. A model adds them up, and is compared with whole
fits that it was not made from. Finally, the model computes fits of up to 10^9 rows and 100 workers. Results are written
to ``results/cluster.json``, and the tables of ``docs/cluster.md`` are printed.
"""

import argparse
import dataclasses
import json
import pathlib
import statistics
import time
import warnings

import numpy as np

from benchmarks.environment import describe_environment, machine_name

RESULTS = pathlib.Path(__file__).parent / "results" / "cluster.json"

FEATURES, HIDDEN = 20, (256, 128)

#: Bytes of a number in the network, which computes in float32, and of the number of a row.
ITEM, ROW_NUMBER = 4, 4


@dataclasses.dataclass
class Costs:
    """Measured parts of the time, in seconds.

    Attributes
    ----------
    step : float
        A step with one worker, without its work: the round trip and what the client does.
    worker : float
        What each further worker adds to a step, besides the transfer of parameters.
    byte : float
        A byte that is sent to a worker or back.
    row : float
        A row in the forward and backward pass of a worker, without its transfer.
    client_row : float
        A row in the shuffling and dividing of the client.
    block : float
        The loading of a block, without its rows.
    loaded_row : float
        What a row costs once a fit: its validation, description and copy into the share, and the check at the end of
        a fit that predictions are finite.
    """

    step: float
    worker: float
    byte: float
    row: float
    client_row: float
    block: float
    loaded_row: float


def predict(costs, n_rows, n_blocks, n_workers, batch_size, n_epochs, n_parameters, seconds_per_byte=None):
    """Model of the seconds of a fit whose samples are persisted.

    The client sends the parameters to each worker and receives a gradient from each, one after the other, while the
    workers compute at the same time.
    """
    byte = costs.byte if seconds_per_byte is None else seconds_per_byte
    load = costs.block * n_blocks + costs.loaded_row * n_rows / n_workers
    messages = 2 * ITEM * n_parameters * n_workers + ROW_NUMBER * batch_size
    step = costs.step + costs.worker * (n_workers - 1) + byte * messages + costs.row * batch_size / n_workers
    n_steps = -(-n_rows // batch_size) * n_epochs
    return load + n_steps * step + costs.client_row * n_rows * n_epochs


def n_parameters(hidden):
    """Number of parameters of a network with one output."""
    sizes = [FEATURES, *hidden, 1]
    return sum((fan_in + 1) * fan_out for fan_in, fan_out in zip(sizes[:-1], sizes[1:], strict=True))


def fit(client, n_rows, rows_per_block, batch_size, n_epochs, hidden=HIDDEN):
    """Fit a network to random samples; return the seconds of the fit and of its median epoch."""
    import dask.array

    from sknn_concepts.dask import DaskMLPRegressor

    rng = dask.array.random.default_rng(0)
    X = rng.normal(size=(n_rows, FEATURES), chunks=(rows_per_block, FEATURES)).astype(np.float32).persist()
    y = X[:, 0].persist()
    client.gather(client.compute([X.sum(), y.sum()]))
    options = {"batch_size": batch_size, "max_iter": n_epochs, "tol": 0, "random_state": 0, "client": client}
    network = DaskMLPRegressor(hidden_layer_sizes=hidden, **options)
    start = time.perf_counter()
    network.fit(X, y)
    return time.perf_counter() - start, statistics.median(network.history_["seconds"])


def measure(clients, quick):
    """Measure the parts of the time, given clients of clusters with one worker and with two."""
    one, two = clients[1], clients[2]
    fit(one, 2_000, 1_000, 100, 2), fit(two, 2_000, 1_000, 100, 2)  # compile
    n_rows = 50_000 if quick else 1_000_000
    client_row = measure_client(n_rows)
    # parameters that are hundreds of times as many, with a single row, so that their transfer is next to everything
    few, wide = (4, (1_000, 500)) if quick else (10, (1_500, 1_000))
    alone = fit(one, few, few, 1, 3, (1,))[1] / few
    with_parameters = fit(one, few, few, 1, 3, wide)[1] / few
    byte = max((with_parameters - alone) / (2 * ITEM * (n_parameters(wide) - n_parameters((1,)))), 0.0)

    def step_of(client, n_workers, batch_size):
        """Return the seconds of a step without those of its messages and of the client."""
        epoch = fit(client, n_rows, n_rows // 4, batch_size, 2)[1] - client_row * n_rows
        messages = 2 * ITEM * n_parameters(HIDDEN) * n_workers + ROW_NUMBER * batch_size
        return epoch * batch_size / n_rows - byte * messages

    small, large = n_rows // 200, n_rows // 20
    of_small, of_large = step_of(one, 1, small), step_of(one, 1, large)
    row = (of_large - of_small) / (large - small)
    step = of_small - row * small
    worker = step_of(two, 2, 2 * small) - of_small
    loads = {}
    for rows_per_block in (n_rows // 20, n_rows // 2):
        total, epoch = fit(one, n_rows, rows_per_block, n_rows, 1)
        loads[rows_per_block] = total - epoch
    block = max((loads[n_rows // 20] - loads[n_rows // 2]) / 18, 0.0)
    loaded_row = max((loads[n_rows // 2] - 2 * block) / n_rows, 0.0)
    return Costs(step, worker, byte, row, client_row, block, loaded_row)


def measure_client(n_rows):
    """Measure the shuffling and dividing of rows by the client, in seconds per row."""
    order, starts = np.arange(n_rows, dtype=np.int32), np.linspace(0, n_rows, 11)
    start = time.perf_counter()
    np.random.RandomState(0).shuffle(order)
    for rows in np.array_split(order, max(n_rows // 10_000, 1)):
        blocks = np.searchsorted(starts, rows, side="right") - 1
        np.flatnonzero(blocks % 2 == 0)
    return (time.perf_counter() - start) / n_rows


def check(clients, costs, quick):
    """Compare the model with whole fits, by numbers of workers and rows in a block."""
    found = []
    n_rows, batch_size = (40_000, 4_000) if quick else (2_000_000, 20_000)
    for rows_per_block in (10_000, n_rows // 20, n_rows // 2):
        for n_workers, client in clients.items():
            measured = fit(client, n_rows, rows_per_block, batch_size, 2)[0]
            predicted = predict(costs, n_rows, n_rows // rows_per_block, n_workers, batch_size, 2, n_parameters(HIDDEN))
            found.append(
                {
                    "rows": n_rows,
                    "rows in a block": rows_per_block,
                    "workers": n_workers,
                    "measured": measured,
                    "predicted": predicted,
                }
            )
            print(json.dumps(found[-1]), flush=True)
    return found


def main(arguments=None):
    """Run the measurements, write the results and print the tables."""
    import distributed

    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rows, whose figures mean little")
    parser.add_argument("--results", type=pathlib.Path, default=RESULTS, metavar="FILE")
    options = parser.parse_args(arguments)
    warnings.simplefilter("ignore")
    clusters = {n: distributed.LocalCluster(n_workers=n, threads_per_worker=1, dashboard_address=":0") for n in (1, 2)}
    try:
        clients = {n: distributed.Client(cluster, set_as_default=False) for n, cluster in clusters.items()}
        costs = measure(clients, options.quick)
        print(costs, flush=True)
        checks = check(clients, costs, options.quick)
    finally:
        for cluster in clusters.values():
            cluster.close()
    results = {"environment": describe_environment(), "costs": dataclasses.asdict(costs), "checks": checks}
    options.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(describe(results))


def describe(results):
    """Return the tables of the page."""
    costs = Costs(**results["costs"])
    lines = [f"Measured on {machine_name(results['environment'])}.", "", "| part of the time | |", "|---|---|"]
    for name, unit, scale in [
        ("step", "ms", 1e3),
        ("worker", "ms", 1e3),
        ("byte", "ns", 1e9),
        ("row", "us", 1e6),
        ("client_row", "ns", 1e9),
        ("block", "ms", 1e3),
        ("loaded_row", "ns", 1e9),
    ]:
        lines.append(f"| {name.replace('_', ' ')} | {getattr(costs, name) * scale:.3g} {unit} |")
    lines += ["", "| rows | rows in a block | workers | measured | model | error |", "|---|---|---|---|---|---|"]
    for one in results["checks"]:
        error = one["predicted"] / one["measured"] - 1.0
        lines.append(
            f"| {one['rows']:,} | {one['rows in a block']:,} | {one['workers']} | {one['measured']:.2f} s | "
            f"{one['predicted']:.2f} s | {error:+.0%} |"
        )
    lines += ["", "| rows | workers | batch | 1 Gbit/s | 10 Gbit/s | without a network |", "|---|---|---|---|---|---|"]
    for n_rows in (10**7, 10**8, 10**9):
        for n_workers in (1, 10, 100):
            batch_size = 10_000 * n_workers
            blocks = max(n_rows // 10**6, n_workers)
            times = [
                predict(costs, n_rows, blocks, n_workers, batch_size, 10, n_parameters(HIDDEN), byte)
                for byte in (8e-9 + costs.byte, 8e-10 + costs.byte, costs.byte)
            ]
            cells = [f"{n_rows:.0e}", str(n_workers), f"{batch_size:,}", *(f"{t / 60:.3g} min" for t in times)]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    main()
