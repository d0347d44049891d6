"""The memory of a fit does not grow with the number of rows of a table."""

import sys

import numpy as np
import pytest

pandas = pytest.importorskip("pandas")
arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

#: Rows and columns of the table, which has 230 MiB of numbers, and largest growth of memory, in MiB.
ROWS, COLUMNS, GROUP_ROWS = 3_000_000, 10, 50_000
MAX_GROWTH = 90.0

FIT = """
import sys
import numpy as np
from sknn_concepts import MLPClassifier
from sknn_concepts.job.streaming import fit_streamed
from sknn_concepts.job.streaming.sample import LargeBlocks, larger_than_sample, sample_problem
from sknn_concepts.job.streaming.stage import peak_memory

def fit(path):
    problem = sample_problem(larger_than_sample(path, 5_000), path, 5_000, 0, target="y")
    blocks = LargeBlocks(problem, problem.large.validation_rows, lambda X: X.to_numpy(), lambda y: y)
    network = MLPClassifier((4,), random_state=0)
    validation = blocks.prepare(problem.large.validation)
    return fit_streamed(network, blocks, validation, max_epochs=1, window_rows=60_000, random_state=0).n_samples

fit(sys.argv[1])  # imports and compiles
before = peak_memory()
rows = fit(sys.argv[2])
print(rows, (peak_memory() - before) / 2**20)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the peak of the memory is not known on Windows")
def test_memory_does_not_grow_with_the_table(tmp_path, run_python):
    generator = np.random.default_rng(0)
    for name, rows in (("small", 2 * GROUP_ROWS), ("large", ROWS)):
        (tmp_path / name).mkdir()
        for number in range(rows // GROUP_ROWS):
            X = generator.integers(0, 2**16, (COLUMNS, GROUP_ROWS)) / 2**12
            columns = {f"x{i}": x for i, x in enumerate(X)} | {"y": X[0] + X[1] > 16.0}
            parquet.write_table(arrow.table(columns), tmp_path / name / f"{number}.parquet")
    (tmp_path / "fit.py").write_text(FIT)
    (line,) = run_python(tmp_path / "fit.py", tmp_path / "small", tmp_path / "large")
    trained, growth = map(float, line.split())
    assert trained == ROWS - 500
    assert growth < MAX_GROWTH < ROWS * COLUMNS * 8 / 2**20 / 2
