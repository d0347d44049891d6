"""Descriptions that several docstrings share."""

import inspect
from collections.abc import Callable
from typing import TypeVar

Documented = TypeVar("Documented")


def docstring_filler(**descriptions: str) -> Callable[[Documented], Documented]:
    """Return a decorator of classes and functions: names in braces in their docstrings become these descriptions."""

    def fill_docstring(documented: Documented) -> Documented:
        if documented.__doc__:  # which -OO removes
            text = inspect.cleandoc(documented.__doc__)
            for name, description in descriptions.items():
                text = text.replace(f"{{{name}}}", description)
            documented.__doc__ = text
        return documented

    return fill_docstring
