"""Tests that random tables in random dialects are read correctly."""

import csv
import io

import numpy as np
import pytest

from sknn_concepts.job.table import load

pytest.importorskip("pandas")

WORDS = {
    "utf-8": ["red", "dark blue", "Öl", "naïve", "日本", "x-ray", "N 5"],
    "cp1252": ["red", "dark blue", "Öl", "grün", "weiß", "München", "Düren"],
    "utf-16": ["red", "dark blue", "Öl", "日本"],
    "cp1251": ["красный", "синий", "зелёный", "жёлтый"],
}
SEPARATORS = [",", ";", "\t", "|"]


def random_table(generator, words, plain):
    """Return column names and columns of numbers and texts, with characters that need quotes unless `plain` is true."""
    rows = int(generator.integers(12, 60))
    columns = {}
    kinds = ["number", "text", *generator.choice(["number", "whole", "text"], generator.integers(0, 5))]
    for place, kind in enumerate(generator.permutation(kinds)):
        if kind == "number":
            values = (generator.normal(size=rows) * 10.0 ** generator.integers(-1, 5)).round(2)
        elif kind == "whole":
            values = generator.integers(-1000, 1000, rows)
        else:
            levels = [*words, *([] if plain else ['say "so"', "a, b; c|d", "two\nlines"])]
            values = generator.choice(np.array(levels, dtype=object), rows)
        columns[f"{kind} {place}"] = list(values)
    return columns


def write(columns, separator, decimal, quoting, end, header):
    file = io.StringIO(newline="")
    writer = csv.writer(file, delimiter=separator, quoting=quoting, lineterminator=end)
    if header:
        writer.writerow(columns)
    for row in zip(*columns.values(), strict=True):
        cells = [value if isinstance(value, str) else str(value).replace(".", decimal) for value in row]
        writer.writerow(cells)
    return file.getvalue()


@pytest.mark.parametrize("seed", range(60))
def test_round_trip(tmp_path, seed):
    generator = np.random.default_rng(seed)
    encoding = str(generator.choice(list(WORDS)))
    separator, decimal = str(generator.choice(SEPARATORS)), str(generator.choice([".", ","]))
    quoting = int(generator.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
    end, header = str(generator.choice(["\n", "\r\n", "\r"])), bool(generator.random() < 0.8)
    quoting = csv.QUOTE_ALL if end == "\r" else quoting  # a line feed is no line end then, and goes without quotes
    columns = random_table(generator, WORDS[encoding], plain=generator.random() < 0.5)
    content = write(columns, separator, decimal, quoting, end, header)
    (tmp_path / "table").write_bytes(content.encode(encoding))
    frame, notes = load(tmp_path / "table")
    assert list(frame.columns) == (list(columns) if header else [f"column_{n + 1}" for n in range(len(columns))])
    for name, values in zip(frame.columns, columns.values(), strict=True):
        if isinstance(values[0], str):
            assert frame[name].tolist() == values
        else:
            np.testing.assert_allclose(frame[name].to_numpy(float), np.array(values, float))
    assert not any("left out" in note or "pair up" in note for note in notes)
