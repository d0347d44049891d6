"""The one exception that ends the job with a line on stderr and exit code 2."""

import difflib


class BadInput(Exception):
    """Something that the user can mend: a file, a column, an option. The message is one line and says how."""


def did_you_mean(word, known):
    """Return the sentence that names the closest of the `known` words, or an empty string."""
    near = difflib.get_close_matches(str(word), [str(name) for name in known], 3, 0.5)
    return f" Did you mean {' or '.join(map(repr, near))}?" if near else ""
