"""Tests that a saved model reads a new file like the training file: numbers, dates, categories, missing values."""

import shlex
import subprocess
import sys

import joblib
import numpy as np
import pytest

from sknn_concepts.job.table import read_cells

pandas = pytest.importorskip("pandas")

ROWS = 150
QUICK = ["--activations", "relu", "--initializers", "auto", "--sizes", "8", "--jobs", "1"]

DATA = "it's a <b> table.csv"


def german(number):
    """Return a number with a point between thousands and a decimal comma."""
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def rows_of_table():
    """Return rows of text: amount, day, place, kind, and a price that depends on them."""
    generator = np.random.default_rng(0)
    amounts = generator.lognormal(7, 1, ROWS).round(2)
    days = pandas.date_range("2020-02-27", periods=ROWS, freq="31h")
    places, kinds = (
        generator.choice(["01067", "10115", "80331"], ROWS),
        generator.choice(["r\u00f6d", "bl\u00e5"], ROWS),
    )
    prices = np.log(amounts) + days.month.to_numpy() / 4 + 2.0 * (kinds == "r\u00f6d") + (places == "01067")
    return [
        [german(a), f"{d:%d.%m.%Y}", place, kind, german(price)]
        for a, d, place, kind, price in zip(amounts, days, places, kinds, prices, strict=True)
    ]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Return the folder of a finished run, the rows, and what was printed."""
    folder = tmp_path_factory.mktemp("fresh")
    rows = rows_of_table()
    rows[3][0] = "k.A."
    lines = ["amount;day;place;kind;price", *(";".join(row) for row in rows)]
    (folder / DATA).write_bytes("\n".join(lines).encode("cp1252"))
    command = [sys.executable, "-m", "sknn_concepts", "--data", DATA, "--target", "price", *QUICK]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder, rows, done.stdout


def test_every_guess_is_told(finished):
    folder, _, output = finished
    report = (folder / "sknn_concepts_run" / "report.md").read_text(encoding="utf-8")
    for words in ("'k.A.' (1 row) taken as missing", "%d.%m.%Y", "has leading zeros", "numbers stored as text"):
        assert words in output
        assert words in report
    assert "<b>" not in report.split("```")[0]


def predict(finished, lines, encoding="cp1252"):
    """Run the command that was printed on a fresh file of these lines."""
    folder, _, output = finished
    command = shlex.split(output.split("To predict with the model:\n")[1].splitlines()[0])
    assert command[:2] == ["python", "-c"]
    (folder / "fresh.csv").write_bytes("\n".join(lines).encode(encoding))
    code = command[2].replace(repr(DATA), "'fresh.csv'").replace("print(", "print(*")
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)


def test_a_fresh_file_is_read_in_the_formats_that_were_learnt(finished):
    folder, rows, _ = finished
    model = joblib.load(folder / "sknn_concepts_run" / "model.joblib")
    expected = model.predict(read_cells(folder / DATA).frame)
    # ambiguous by themselves: 1.234 and 03.04.2020; another order, separator, encoding, and a column more
    fresh = [
        ["1.234", "03.04.2020", "01067", "bl\u00e5"],
        ["2.345", "05.06.2020", "80331", "gr\u00f6n"],
        rows[5][:4],
        ["", "", "", ""],
    ]
    lines = [
        "kind,more,day,place,amount",
        *(f'{kind},x,{day},{place},"{amount}"' for amount, day, place, kind in fresh),
    ]
    done = predict(finished, lines, "utf-8")
    assert done.returncode == 0, done.stderr
    predicted = np.array(done.stdout.split(), dtype=float)
    assert predicted[2] == pytest.approx(expected[5], rel=1e-6)
    same = pandas.DataFrame(
        {"amount": [1234.0, 2345.0], "day": pandas.to_datetime(["2020-04-03", "2020-06-05"]),
         "place": ["01067", "80331"], "kind": ["bl\u00e5", "never seen"]}
    )  # fmt: skip
    np.testing.assert_allclose(predicted[:2], model.predict(same), rtol=1e-6)
    assert np.isfinite(predicted).all()


def test_a_column_that_is_missing_is_named(finished):
    done = predict(
        finished, ["amount;days;place;kind", "1,5;03.04.2020;01067;bl\u00e5", "2,5;04.04.2020;01067;bl\u00e5"]
    )
    assert done.returncode == 1
    assert "ValueError: the table lacks 'day', which the model was trained on. Did you mean 'days'?" in done.stderr
