"""Tests that the content of a table is never interpreted as markup or commands."""

import os
import subprocess
import sys

import pytest

from sknn_concepts.job.reporting.escaping import in_markdown, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, 5 % & more", "plain, 5 % & more"),
        ("Größe 目标", "Größe 目标"),
        ("\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        ("a\nb\tc", "a\\nb\\tc"),
        ("\u202eevil", "\\u202eevil"),
        ("\udce4", "\\udce4"),
    ],
)
def test_what_cannot_be_seen_is_escaped(text, shown):
    assert printable(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("snake_case (cm)", "snake_case (cm)"),
        ("<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"),
        ("![x](http://e/x.png)", "\\!\\[x\\](http\\://e/x.png)"),
        ("_a_ *b* `c` a|b $x$", "\\_a\\_ \\*b\\* \\`c\\` a\\|b \\$x\\$"),
        ("a&lt;b", "a&amp;lt;b"),
        ("# no\nheading", "\\# no\\\\nheading"),
    ],
)
def test_markdown_shows_text_as_it_is(text, shown):
    assert in_markdown(text) == shown


def test_a_code_page_that_lacks_a_character(tmp_path):
    (tmp_path / "script.py").write_text(
        "from sknn_concepts.job.reporting.escaping import escape_unencodable_output\n"
        "escape_unencodable_output()\nprint('\\u76ee', '\\udce4')\n"
    )
    command = [sys.executable, "-X", "utf8=0", tmp_path / "script.py"]
    done = subprocess.run(command, capture_output=True, env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [b"\\u76ee", b"\\udce4"]
