"""Tests that every line of a file is a row or is reported in a note."""

import random
import re

import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.table import load

pytest.importorskip("pandas")

ROWS = [f"town {number},{number * 7 % 50}.5,{'red blue green'.split()[number % 3]}" for number in range(18)]
TABLES = {
    "plain": ["town,size,kind", *ROWS],
    "quoted": [",".join(f'"{cell}"' for cell in row.split(",")) for row in ["town,size,kind", *ROWS]],
    "title": ["A title", "", "town,size,kind", *ROWS],
    "comments": ["# one", "# two, three", "town,size,kind", *ROWS],
    "foot": ["town,size,kind", *ROWS, "", "Source: the office"],
    "semicolons": [row.replace(",", ";").replace(".", ",") for row in ["town,size,kind", *ROWS]],
    "no names": ROWS,
}
STRAY = ["stray text", "1,2,3,4,5,6,7", "x", "", '"open,1', 'a"b,2', "# a comment", "town,size,kind"]

#: Notes, and how many lines each of them accounts for.
TOLD = [
    r"(\d+) (?:comment )?lines? above",
    r"(\d+) lines? below",
    r"(\d+) comment lines? between",
    r"(\d+) rows? (?:has|have) more than",
    r"(\d+) rows? repeats? the column names",
]


def damaged(lines, generator):
    """Insert, truncate, damage and delete some lines."""
    lines = list(lines)
    for _ in range(generator.randint(1, 4)):
        place = generator.randrange(len(lines))
        how = generator.choice(["insert", "insert", "cut", "spoil", "delete"])
        if how == "insert":
            lines.insert(place, generator.choice(STRAY))
        elif how == "delete":
            del lines[place]
        else:
            here = generator.randint(0, len(lines[place]))
            lines[place] = lines[place][:here] + (generator.choice("\"',;") + lines[place][here:]) * (how == "spoil")
    return lines


def told(notes):
    total = 0
    for note in notes:
        total += sum(int(number) for pattern in TOLD for number in re.findall(pattern, note))
        total += sum(int(after) - int(before) for before, after in re.findall(r"(\d+) rows take (\d+) lines", note))
        total += sum(int(number) - 1 for number in re.findall(r"the column names take (\d+) lines", note))
        total += "line below the header" in note
    return total


@pytest.mark.parametrize("table", TABLES)
def test_every_line_is_accounted_for(tmp_path, table):
    read = 0
    for seed in range(25):
        lines = damaged(TABLES[table], random.Random(f"{table} {seed}"))
        (tmp_path / "table").write_text("\n".join(lines) + "\n")
        try:
            frame, notes = load(tmp_path / "table")
        except BadInput:
            continue
        read += 1
        names = not frame.columns[0].startswith("column_1") or any("named 'column_1'" in note for note in notes)
        kept = sum(bool(line.strip(" ,;")) for line in lines)
        assert len(frame) + names + told(notes) >= kept, (lines, notes)
    assert read > 15
