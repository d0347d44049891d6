"""Encoders that turn tables of mixed columns into the arrays that networks learn from.

:class:`TableEncoder` encodes whole tables. It is composed of parts that are useful alone: :class:`ColumnReader` reads a
table once, and :class:`ColumnEncoder` encodes what it has read, as often as there are settings to try.
"""

import importlib

_MODULES = {
    "ColumnEncoder": "column_encoder",
    "ColumnReader": "columns",
    "Columns": "columns",
    "NormalScoreScaler": "scaling",
    "PeriodicEncoder": "periodic",
    "PiecewiseLinearEncoder": "piecewise_linear",
    "RobustClipScaler": "scaling",
    "TableEncoder": "table_encoder",
    "TabularClassifier": "classifier",
    "TabularRegressor": "regressor",
}

__all__ = sorted(_MODULES)


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULES[name]}"), name)


def __dir__():
    return sorted({*globals(), *__all__})
