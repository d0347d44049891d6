"""What sphinx-gallery calls for the scripts: their order, warnings as errors, and the writer of animations."""

import pathlib
import warnings

#: Concept pages in the order in which they are read; others follow by name.
CONCEPTS = [
    "perceptron_and_logistic_regression",
    "losses",
    "initialization",
    "activations",
    "backpropagation",
    "pruning_and_connectivity",
]


#: Topics of the examples in their order; others follow by name.
TOPICS = [
    "linear_models",
    "losses",
    "initialization",
    "activations",
    "training",
    "curvature",
    "pruning",
    "tables",
]


def page_order(name):
    """Return the key by which the scripts of a folder are sorted."""
    stem = pathlib.Path(name).stem
    return (CONCEPTS.index(stem) if stem in CONCEPTS else len(CONCEPTS), stem)


def topic_order(folder):
    """Return the key by which the topics of the examples are sorted."""
    name = pathlib.Path(folder).name
    return (TOPICS.index(name) if name in TOPICS else len(TOPICS), name)


def strict_warnings(gallery_conf, name):
    """Let a warning end a script with an error, so that no page shows one."""
    warnings.simplefilter("error")
    for category in (DeprecationWarning, PendingDeprecationWarning):
        warnings.simplefilter("ignore", category)


def pillow_animations(gallery_conf, name):
    """Let Pillow write the thumbnails of animations: ffmpeg, the default of matplotlib, is not installed everywhere."""
    import matplotlib

    matplotlib.rcParams["animation.writer"] = "pillow"
