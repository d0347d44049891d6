"""What others have written, shown as it is: names and labels are no markup, no code and no commands to a terminal."""

import re
import sys

#: Characters that mean something in Markdown; an underscore does so at the edge of a word only.
_MARKDOWN = re.compile(r"[\\`*{}\[\]#!|~$@^]|(?<!\w)_|_(?!\w)|:(?=//)")

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


def printable(text):
    r"""Text on one line, with escapes such as ``\x1b`` for whatever cannot be seen."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in str(text))


def in_markdown(text):
    """Text that Markdown shows as it is."""
    text = re.sub("[&<>]", lambda match: _ENTITIES[match[0]], printable(text))
    return _MARKDOWN.sub(lambda match: "\\" + match[0], text)


def never_fail_to_print():
    """Let what the code page of the terminal lacks be shown with escapes."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
