"""What all displays share: matplotlib, imported when a display needs it, colors, and the axes of a display."""

import dataclasses

import numpy as np

from sknn_concepts.jit.strategy import Strategy

#: Colors that people with any color vision can tell apart (Okabe and Ito, 2008, Color Universal Design).
COLORS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#000000")
#: Colors of positive and of negative numbers.
POSITIVE, NEGATIVE = "#0072B2", "#D55E00"
#: Color map of signed numbers.
SIGNED = "RdBu"
#: Backgrounds between the first and the second of two classes, lighter than their samples in the first two colors.
CLASS_SHADES = ("#7FB8D8", "white", "#F2CF80")
LINE_STYLES = ("-", "--", ":", "-.")


def import_pyplot():
    """Return matplotlib.pyplot; raise ImportError with advice if matplotlib is missing."""
    try:
        import matplotlib.pyplot
    except ImportError as error:
        raise ImportError("Displays need matplotlib: pip install 'sknn_concepts[plot]'.") from error
    return matplotlib.pyplot


def make_axes(ax, n_panels, figsize):
    """Return the axes of a display, an array of `n_panels`: those given, after a check, or those of a new figure."""
    plt = import_pyplot()
    if ax is None:
        return plt.subplots(1, n_panels, figsize=figsize, layout="constrained", squeeze=False)[1][0]
    axes = np.array(ax, dtype=object).ravel()
    if len(axes) != n_panels or not all(hasattr(one, "plot") for one in axes):
        wanted = "one Axes" if n_panels == 1 else f"an array of {n_panels} Axes, one for each panel"
        raise ValueError(f"ax must be None or {wanted}; got {ax!r}.")
    return axes


def make_grid_of_axes(n_panels, n_columns, width, height, margins=(0.0, 0.0)):
    """Return the axes of a new figure, row by row, whose panels have a width and a height in inches."""
    n_rows = -(-n_panels // n_columns)
    size = width * n_columns + margins[0], height * n_rows + margins[1]
    subplots = import_pyplot().subplots
    grid = subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)[1].ravel()
    for unused in grid[n_panels:]:
        unused.remove()
    return grid[:n_panels]


def set_axes(display, axes):
    """Set ``ax_`` and ``figure_`` of a display."""
    display.ax_ = axes[0] if len(axes) == 1 else axes
    display.figure_ = axes[0].figure


def style_of(number):
    """Color and line style of one of several curves."""
    style = LINE_STYLES[number // len(COLORS) % len(LINE_STYLES)]
    return {"color": COLORS[number % len(COLORS)], "linestyle": style}


def by_name(choices, parameter, single=()):
    """Return a dict of things by name: a dict as it is, a list, or a single thing, which may be of types `single`.

    Raises ValueError if there are none, or if two have the same name.
    """
    if isinstance(choices, dict):
        named = list(choices.items())
    else:
        listed = choices if isinstance(choices, list | tuple) and not isinstance(choices, single) else [choices]
        named = [(name_of(one), one) for one in listed]
    if not named:
        raise ValueError(f"{parameter} must not be empty; got {choices!r}.")
    names = [str(name) for name, _ in named]
    if len(set(names)) < len(names):
        raise ValueError(f"{parameter} has names that are not distinct: {names}. Pass a dict with names of your own.")
    return dict(zip(names, (one for _, one in named), strict=True))


def name_of(choice):
    """Name of a strategy: a string itself, the name of a function, or a class with what differs from its defaults."""
    if not isinstance(choice, Strategy):
        return choice if isinstance(choice, str) else getattr(choice, "__name__", None) or repr(choice)
    fields = dataclasses.fields(choice)
    changed = [field.name for field in fields if getattr(choice, field.name) != field.default]
    name = type(choice).__name__
    return f"{name}({', '.join(f'{one}={getattr(choice, one)!r}' for one in changed)})" if changed else name


def check_option(parameter, value, options):
    """Raise ValueError unless a value is one of the options."""
    if not isinstance(value, str) or value not in options:
        raise ValueError(f"{parameter} must be one of {list(options)}; got {value!r}.")


def check_count(parameter, value, least=1):
    """Raise ValueError unless a value is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{parameter} must be a whole number of at least {least}; got {value!r}.")
