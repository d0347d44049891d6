"""Escaping of names and labels from a table, so that they are never read as markup, code or terminal commands."""

import html
import re
import sys

#: Characters with a meaning in Markdown. An underscore has one only at the edge of a word.
_MARKDOWN = re.compile(r"[\\`*{}\[\]#!|~$@^]|(?<!\w)_|_(?!\w)|:(?=//)")


def printable(text):
    r"""Return text on one line, with escapes such as ``\x1b`` for characters that are not printable."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def in_markdown(text):
    """Return text that Markdown renders literally."""
    return _MARKDOWN.sub(r"\\\g<0>", html.escape(printable(text), quote=False))


def escape_unencodable_output():
    """Print characters that the encoding of the terminal lacks as escapes instead of raising an error."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
