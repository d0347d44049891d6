"""Docstrings contain formulas and names as plain text: |w| is no substitution, and coef_ is no link."""

import re

#: Literal text and roles, which stay as they are.
LITERAL = re.compile(r"(``.*?``|`[^`]*`)")

#: A bar before a word, or a name with a final underscore.
SPECIAL = re.compile(r"(?<!\\)\|(?=\S)|(?<![\\\w])(?:\w*[^\W_])(?=_\b(?!_))")


def escape(line):
    """Return a line of text without marks of reStructuredText in formulas and names."""
    parts = LITERAL.split(line)
    return "".join(part if k % 2 else SPECIAL.sub(_with_backslash, part) for k, part in enumerate(parts))


def _with_backslash(match):
    return r"\|" if match.group() == "|" else match.group() + "\\"


def escape_text(app, what, name, obj, options, lines):
    """Escape all lines but those of code: doctests, and blocks after a double colon."""
    block = None  # indentation of the line that began a block of code
    for k, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if block is not None and line.strip() and indent <= block:
            block = None
        if block is None and line.lstrip().startswith(">>>"):
            block = indent - 1 if indent else -1
        if block is None:
            lines[k] = escape(line)
            if line.rstrip().endswith("::") or line.lstrip().startswith(".. code-block"):
                block = indent
        elif not line.strip() and block < 0:
            block = None
    return None


def setup(app):
    """Connect the extension to Sphinx, after numpydoc."""
    app.connect("autodoc-process-docstring", escape_text, priority=600)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
