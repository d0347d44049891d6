"""The version of the package in pickled estimators."""

from sknn_concepts._version import __version__
from sknn_concepts._warnings import warn

#: Key of the version in a pickled state.
KEY = "_sknn_concepts_version"


class SavedState:
    """Mixin of estimators: a pickled one knows which version wrote it, and another minor version warns about it.

    This is what scikit-learn does for its own estimators.
    """

    def __getstate__(self):
        """Return the attributes and the version."""
        return {**super().__getstate__(), KEY: __version__}

    def __setstate__(self, state):
        """Set the attributes."""
        state = dict(state)
        written_by = state.pop(KEY, None)
        if written_by is not None and minor_version(written_by) != minor_version(__version__):
            warn(
                f"This {type(self).__name__} was saved by sknn_concepts {written_by}, and version {__version__} is "
                "installed: it may fail, or predict something else. Fit it again, or install the other version."
            )
        super().__setstate__(state)


def minor_version(version):
    """Return major and minor version, as text."""
    return version.split(".")[:2]
