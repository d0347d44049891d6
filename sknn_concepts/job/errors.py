"""The exception that ends the job with one line on stderr and exit code 2."""

import difflib


class BadInput(Exception):
    """A problem that the user can fix: a file, a column or an option. The message is a single line."""


def did_you_mean(word, known):
    """Return a sentence that suggests the closest matches among the `known` words, or an empty string."""
    near = difflib.get_close_matches(str(word), [str(name) for name in known], 3, 0.5)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
