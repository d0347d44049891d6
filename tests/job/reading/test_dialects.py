"""Tests that a small table is read correctly from many dialects."""

import pytest

from sknn_concepts.job.table import load

pytest.importorskip("pandas")

#: A town, a length, a count and a kind.
ROWS = [
    ("Aalen", 1234.5, 3, "red"),
    ("Bonn", 0.25, 12, "blue"),
    ("Coburg", 12.75, 7, "red"),
    ("Dachau", 999.5, 1, "green"),
    ("Emden", 21419.06, 0, "blue"),
    ("Fulda", 53.9, 5, "red"),
]
ROWS = ROWS * 3
NAMES = ["town", "size", "rooms", "kind"]


def point(number):
    return f"{number:.2f}"


def comma(number):
    return f"{number:.2f}".replace(".", ",")


def grouped(number, mark=",", decimal="."):
    return f"{number:,.2f}".translate(str.maketrans({",": mark, ".": decimal}))


def german(number):
    return grouped(number, ".", ",")


def text(separator=",", number=point, quote="", names=NAMES, end="\n", above="", below="", after=""):
    """Return the table as text in a dialect."""

    def cell(value):
        marked = quote and (quote != "?" or separator in value)
        mark = '"' if quote == "?" else quote
        return mark + value + mark if marked else value

    lines = [names] if names else []
    lines += [(town, number(size), str(rooms), kind) for town, size, rooms, kind in ROWS]
    return above + "".join(separator.join(map(cell, line)) + after + end for line in lines) + below


DIALECTS = {
    "comma": text(),
    "semicolon": text(";"),
    "tab": text("\t"),
    "bar": text("|"),
    "blanks": text(" "),
    "several blanks": text("   "),
    "blanks and tabs": text(" \t"),
    "comma and blank": text(", "),
    "blanks around bars": text(" | "),
    "caret": text("^"),
    "colon": text(":"),
    "tilde": text("~"),
    "control character": text("\x01"),
    "semicolon, decimal comma": text(";", comma),
    "tab, decimal comma": text("\t", comma),
    "bar, decimal comma": text("|", comma),
    "blanks, decimal comma": text(" ", comma),
    "several blanks, decimal comma": text("  ", comma),
    "comma, quoted decimal comma": text(",", comma, "?"),
    "comma, everything quoted, decimal comma": text(",", comma, '"'),
    "semicolon, thousands with points": text(";", german),
    "tab, thousands with points": text("\t", german),
    "semicolon, thousands with commas": text(";", grouped),
    "comma, quoted thousands": text(",", grouped, "?"),
    "thousands with apostrophes": text(";", lambda number: grouped(number, "'")),
    "thousands with curly apostrophes": text(";", lambda number: grouped(number, "\u2019")),
    "thousands with thin blanks": text(";", lambda number: grouped(number, "\u2009", ",")),
    "thousands with narrow blanks": text(";", lambda number: grouped(number, "\u202f", ",")),
    "thousands with no-break blanks": text(";", lambda number: grouped(number, "\u00a0", ",")),
    "thousands with blanks": text(";", lambda number: grouped(number, " ", ",")),
    "dollars": text(";", lambda number: f"${number:,.2f}"),
    "euros before": text(";", lambda number: f"\u20ac {comma(number)}"),
    "euros behind": text(";", lambda number: f"{german(number)} \u20ac"),
    "currency codes": text(",", lambda number: f"USD {number:.2f}"),
    "percent": text(";", lambda number: f"{comma(number)} %"),
    "percent without a blank": text(",", lambda number: f"{number:.2f}%"),
    "a unit": text(",", lambda number: f"{number:.2f} kg"),
    "exponents": text(",", lambda number: f"{number:.6e}"),
    "exponents, decimal comma": text(";", lambda number: f"{number:.6E}".replace(".", ",")),
    "plus signs": text(",", lambda number: f"+{number:.2f}"),
    "everything quoted": text(quote='"'),
    "single quotes": text(quote="'"),
    "single quotes, semicolon": text(";", comma, "'"),
    "sep line": text(";", above="sep=;\n"),
    "sep line of another separator": text("|", comma, above='"sep=|"\n'),
    "title": text(above="Monthly report\n"),
    "title and blank line": text(above="Monthly report\n\n"),
    "title with separators": text(above="Report, made, by hand\n\n"),
    "title with empty cells": text(above="Monthly report,,,\n"),
    "several lines above": text(above="Source: the office\nDate: 2020-01-01\nBob's copy\n\n"),
    "blank lines above": text(above="\n\n"),
    "title of the same length": text(above="Report,2020,1,x\n"),
    "title of the same length and blank line": text(above="Report,2020,1,x\n\n"),
    "units below the names": text().replace("kind\n", "kind\n,m,,\n", 1).replace(",m,,", ",m,number,"),
    "rule below the names": text(" | ").replace("kind\n", "kind\n-----+------+----\n", 1),
    "Markdown": "".join(f"| {line} |\n" for line in text(" | ").splitlines()).replace(
        "kind |\n", "kind |\n|--|--|--|--|\n", 1
    ),
    "comments above": text(above="# one\n# two, three\n"),
    "percent signs above": text(above="% one\n% two, three\n"),
    "names in a comment": text(names=["# town", *NAMES[1:]]),
    "names in a comment, blanks": text(" ", names=["# town", *NAMES[1:]]),
    "comment between": text().replace("Coburg", "# not sure about the next, or is it?\nCoburg", 1),
    "blank lines between": text(end="\n\n"),
    "remark below": text(below="\nSource: the office\n"),
    "remarks below": text(below="\nSource: the office\nMade by hand, with care\n"),
    "remark with empty cells": text(below=",,,\nSource: the office,,,\n"),
    "total below": text(below="Total,23721.96,84,\n"),
    "number of rows below": text(below="(18 rows)\n"),
    "names again": text() + text(),
    "separator at the end": text(after=","),
    "separator at the end of rows": text(after=",").replace("kind,", "kind", 1),
    "separator at the end of names": text().replace("kind", "kind,", 1),
    "carriage returns": text(end="\r"),
    "carriage returns and line feeds": text(end="\r\n"),
    "both kinds of line ends": text(end="\r\n").replace("\r\n", "\n", 5),
    "no line end at the end": text().rstrip("\n"),
    "Ctrl-Z at the end": text() + "\x1a",
    "NUL bytes at the end": text() + "\0" * 50,
    "UTF-8 mark": "\ufeff" + text(),
    "mark and quotes": "\ufeff" + text(quote='"'),
    "names in quotes only": text().replace(",".join(NAMES), '"town","size","rooms","kind"'),
    "blanks around values": text("  ,  "),
}


#: What is told about a dialect that is not plain.
TOLD = {
    "blanks": "separated by spaces",
    "title": "above the table",
    "single quotes": "quoted with '",
    "total below": "below the table",
    "names again": "repeats the column names",
    "comment between": "comment line",
}


@pytest.fixture
def write(tmp_path):
    def write_file(content):
        path = tmp_path / "table"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


def check(frame, rows=ROWS, names=NAMES):
    assert list(frame.columns) == names
    assert len(frame) in (len(rows), 2 * len(rows))
    rows = rows * (len(frame) // len(rows))
    for place, name in enumerate(names):
        want = [row[place] for row in rows]
        assert frame[name].tolist() == (want if isinstance(want[0], str) else pytest.approx(want, rel=1e-6))


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_same_table_in_each_dialect(write, dialect):
    frame, notes = load(write(DIALECTS[dialect]))
    check(frame)
    assert any(TOLD.get(dialect, "") in note for note in [*notes, ""])


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "cp1252", "latin-1"]
)
def test_the_same_table_in_each_encoding(write, encoding):
    town = {
        "Aalen": "Köln",
        "Bonn": "Düren",
        "Coburg": "Gießen",
        "Dachau": "Höxter",
        "Emden": "Fürth",
        "Fulda": "Löbau",
    }
    content = text(";", german)
    for old, new in town.items():
        content = content.replace(old, new)
    frame, notes = load(write(content.encode(encoding)))
    check(frame, [(town[name], *rest) for name, *rest in ROWS])
    assert any("(--encoding)" in note for note in notes) == (not encoding.startswith("utf-8"))
