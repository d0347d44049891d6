"""Tests of headers, footers and irregular rows."""

import pytest

from sknn_concepts.job.errors import BadInput
from sknn_concepts.job.table import load, read_cells, read_table

pytest.importorskip("pandas")

#: Content, names, first row, number of rows, and a word of a note.
OTHERS = {
    "blanks within, two between": (
        "name     score\n" + "Anna Maria    1\nBob    2\n" * 9,
        ["name", "score"],
        ["Anna Maria", 1],
        18,
        "two or more",
    ),
    "one column": ("only\n" + "1\n2\n" * 9, ["only"], [1], 18, ""),
    "one column of text": ("kind\n" + "red\ndark blue\n" * 9, ["kind"], ["red"], 18, ""),
    "one row": ("a,b,c\n1,x,2.5\n", ["a", "b", "c"], [1, "x", 2.5], 1, ""),
    "the same name twice": ("a,a,b\n" + "1,2,x\n" * 9, ["a", "a_2", "b"], [1, 2, "x"], 9, "second 'a'"),
    "no name": ("a,,b\n" + "1,2,x\n" * 9, ["a", "column_2", "b"], [1, 2, "x"], 9, "no name"),
    "names of rows": (
        "x,y\n" + "".join(f"r{n},{n},2.5\n" for n in range(9)),
        ["row_name", "x", "y"],
        ["r0", 0, 2.5],
        9,
        "row name",
    ),
    "two values more than names": (
        "a,b\n" + "1,2,3,x\n" * 9,
        ["a", "b", "column_3", "column_4"],
        [1, 2, 3, "x"],
        9,
        "2 more values",
    ),
    "a name more than values": ("a,b,c\n" + "1,2\n3,4\n" * 9, ["a", "b", "c"], [1, 2, None], 18, "fewer than 3"),
    "rows that end early": (
        "a,b,c\n1,2,3\n" + "1,2,3\n3,4\n5\n" * 9,
        ["a", "b", "c"],
        [1, 2, 3],
        28,
        "18 rows have fewer",
    ),
    "a row with too much": ("a,b\n" + "1,2\n" * 30 + "1,2,3\n", ["a", "b"], [1, 2], 30, "line 32"),
    "no names, numbers": (
        "1.5,2,3\n" + "2.5,3,1\n1.5,1,9\n" * 9,
        ["column_1", "column_2", "column_3"],
        [1.5, 2, 3],
        19,
        "--header yes",
    ),
    "no names, half of them text": (
        "39, State, 77, Male, <=50K\n" + "50, Self, 83, Male, >50K\n38, State, 21, Female, <=50K\n" * 9,
        [f"column_{n}" for n in range(1, 6)],
        [39, "State", 77, "Male", "<=50K"],
        19,
        "--header yes",
    ),
    "no names, all text": (
        "".join("pe"[n % 2] + "," + "xyz"[n % 3] + "\n" for n in range(30)),
        ["column_1", "column_2"],
        ["p", "x"],
        30,
        "--header yes",
    ),
    "no names, a missing value first": (
        "?,a,0.5\n" + "3,b,0.25\n7,a,0.5\n" * 9,
        ["column_1", "column_2", "column_3"],
        [None, "a", 0.5],
        19,
        "--header yes",
    ),
    "decades": (
        "region,1990,2000,2010\n" + "r1,0.5,0.25,0.75\nr2,0.25,0.5,0.5\n" * 9,
        ["region", "1990", "2000", "2010"],
        ["r1", 0.5, 0.25, 0.75],
        18,
        "--header no",
    ),
    "wavelengths": (
        "350.1,362.7,371.9,fat\n" + "0.5123,0.2512,0.7512,20.5\n0.2534,0.5512,0.5134,11.5\n" * 9,
        ["350.1", "362.7", "371.9", "fat"],
        [0.5123, 0.2512, 0.7512, 20.5],
        18,
        "--header no",
    ),
    "months": (
        "region,2019-01,2019-02\n" + "r1,0.5,0.25\nr2,0.25,0.5\n" * 9,
        ["region", "2019-01", "2019-02"],
        ["r1", 0.5, 0.25],
        18,
        "",
    ),
    "columns by number": (
        ",0,1\n" + "".join(f"{n},{n * 7 % 5}.5,{n % 3}\n" for n in range(9)),
        ["column_1", "0", "1"],
        [0, 0.5, 0],
        9,
        "--header no",
    ),
    "names with commas": ('"size, m",kind\n' + "1.5,a\n2.5,b\n" * 9, ["size, m", "kind"], [1.5, "a"], 18, ""),
    "names with bare commas": ("size, m;kind, x\n" + "1.5;a\n2.5;b\n" * 9, ["size, m", "kind, x"], [1.5, "a"], 18, ""),
    "texts with other separators": ("a,b\n" + "x;y;1,2\nx;z;2,3\n" * 9, ["a", "b"], ["x;y;1", 2], 18, ""),
    "lists": ("a;b\n" + "1,2,3;x\n4,5,6;y\n" * 9, ["a", "b"], ["1,2,3", "x"], 18, ""),
    "times": ("t,v\n" + "12:30,1\n12:45,2\n" * 9, ["t", "v"], ["12:30", 1], 18, ""),
    "times with a date": (
        "t,v\n" + "2020-01-01 12:30,1\n2020-01-02 12:45,2\n" * 9,
        ["t", "v"],
        ["2020-01-01 12:30", 1],
        18,
        "",
    ),
    "values over several lines": (
        "t,n\n" + '"one\ntwo, ""x""",1\n"three\n\nfour",2\n' * 9,
        ["t", "n"],
        ['one\ntwo, "x"', 1],
        18,
        "18 rows take",
    ),
    "names over two lines": ('"a\n(m)",n\n' + "1,x\n2,y\n" * 9, ["a (m)", "n"], [1, "x"], 18, ""),
    "backslashes": (
        "t,n\n" + '"say \\"hi, you\\" now",1\n"no",2\n' * 9,
        ["t", "n"],
        ['say "hi, you" now', 1],
        18,
        "backslash",
    ),
    "quoted signs": (
        '"x","z","y"\n' + '0.1,0,"$"\n0.2,1,"$$"\n' * 9,
        ["x", "z", "y"],
        [0.1, 0, "$"],
        18,
        "",
    ),
    "inch marks": ("t,n\n" + 'a 12" disc,1\nan 8" disc,2\n' * 9, ["t", "n"], ['a 12" disc', 1], 18, ""),
    "apostrophes": ("t,n\n" + "don't,1\n'tis,2\n" * 9, ["t", "n"], ["don't", 1], 18, ""),
    "stray quotes, tab": (
        "t\tn\n" + "".join(f"{chr(34) * (n in (40, 160))}film {n}\t{n}\n" for n in range(200)),
        ["t", "n"],
        ["film 0", 0],
        200,
        "quotation marks",
    ),
    "stray quotes, comma": (
        "t,n\n" + "".join(f"{chr(34) * (n in (40, 160))}film {n},{n}\n" for n in range(200)),
        ["t", "n"],
        ["film 0", 0],
        200,
        "quotation marks",
    ),
    "one stray quote": (
        "t,n\n" + "".join(f"{chr(34) * (n == 40)}film {n},{n}\n" for n in range(200)),
        ["t", "n"],
        ["film 0", 0],
        200,
        "quotation marks",
    ),
    "stray quotes far below": (
        "t,n\n" + "".join(f"{chr(34) * (n in (3000, 3500))}film {n},{n}\n" for n in range(4000)),
        ["t", "n"],
        ["film 0", 0],
        4000,
        "quotation marks",
    ),
    "decimals far below": (
        "a;b\n" + "".join(f"{n}{',5' * (n > 300)};{n % 3}\n" for n in range(500)),
        ["a", "b"],
        [0, 0],
        500,
        "",
    ),
    "empty rows everywhere": ("a,b\n" + "1,x\n,\n" * 9, ["a", "b"], [1, "x"], 18, ""),
    "an empty column": ("a,b,c\n" + "1,x,\n2,y,\n" * 9, ["a", "b", "c"], [1, "x", None], 18, ""),
    "a huge value": ("a,b\n" + "1,x\n" * 9 + "2," + "x" * 200_000 + "\n", ["a", "b"], [1, "x"], 10, ""),
    "a meagre line above": (
        "3,2,yes,no\n" + "1.5,2.5,3.5,4.5,5.5,6.5,7.5,8.5,0\n2.5,1.5,3,4,5,6,7,8,1\n" * 9,
        [f"column_{n}" for n in range(1, 10)],
        [1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5, 0],
        18,
        "above the table",
    ),
}

#: Content, the target, and whether it is among the names then.
TARGETS = {
    "even steps": (
        "10,20,30\n" + "".join(f"{n * 7 % 50},{n * 11 % 50},{n * 13 % 50}\n" for n in range(30)),
        "30",
        True,
    ),
    "uneven steps": (
        "10,25,31\n" + "".join(f"{n * 7 % 50},{n * 11 % 50},{n * 13 % 50}\n" for n in range(30)),
        "31",
        True,
    ),
    "a position": (
        "10,25,31\n" + "".join(f"{n * 7 % 50},{n * 11 % 50},{n * 13 % 50}\n" for n in range(30)),
        "3",
        False,
    ),
    "text": ("a,b\n" + "a,b\nc,d\n" * 9, "b", True),
}


@pytest.fixture
def write(tmp_path):
    def write_file(content):
        path = tmp_path / "table"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write_file


@pytest.mark.parametrize("case", OTHERS)
def test_other_tables(write, case):
    content, names, first, rows, word = OTHERS[case]
    frame, notes = load(write(content))
    assert list(frame.columns) == names
    assert len(frame) == rows
    assert [None if value != value else value for value in frame.iloc[0]] == first
    assert any(word in note for note in [*notes, ""])


@pytest.mark.parametrize("case", TARGETS)
def test_the_name_of_the_target_stands_among_the_names(write, case):
    content, target, names = TARGETS[case]
    frame = read_cells(write(content), target=target).frame
    assert (target in frame.columns) == names


@pytest.mark.parametrize(
    ("options", "first"),
    [
        ({}, [1.234, "n.s."]),
        ({"decimal": ","}, [1234, "n.s."]),
        ({"decimal": "."}, [1.234, "n.s."]),
        ({"missing": ["n.s."]}, [1.234, None]),
        ({"separator": "|"}, ["1.234;n.s."]),
        ({"header": "no"}, ["size", "kind"]),
    ],
)
def test_options_override_guesses(write, options, first):
    frame = read_table(write("size;kind\n1.234;n.s.\n5.678;yes\n2.345;no\n"), **options)
    assert [None if value != value else value for value in frame.iloc[0]] == first


@pytest.mark.parametrize(
    "options",
    [
        {"separator": "ab"},
        {"separator": ""},
        {"separator": "\n"},
        {"separator": '"'},
        {"separator": None},
        {"header": "maybe"},
        {"decimal": ";"},
        {"decimal": None},
        {"encoding": "klingon"},
        {"encoding": None},
    ],
)
def test_options_that_cannot_be_are_named(write, options):
    (word,) = options
    with pytest.raises(BadInput, match=word):
        read_table(write("a;b\n1;2\n"), **options)


@pytest.mark.parametrize(
    ("content", "options", "columns", "words"),
    [
        ("a,b\n1,2\n", {"separator": "semicolon"}, ["a,b"], "one column"),
        ("sep=;\na,b\n1,2\n", {}, ["a", "b"], "do not contain it"),
        ("sep=,\na;b\n1,5;2\n", {"separator": ";"}, ["a", "b"], ""),
        ("sep=\t\na\tb\n1\t2\n", {}, ["a", "b"], ""),
    ],
)
def test_a_separator_that_is_said(write, content, options, columns, words):
    frame, notes = load(write(content), **options)
    assert list(frame.columns) == columns
    assert len(frame) == 1
    assert any(words in note for note in [*notes, ""])
