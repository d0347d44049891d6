"""A fit that fails leaves the estimator as it was."""

import copy
import functools


def all_or_nothing(method):
    """Decorate a method that fits: if it raises, all attributes are what they were before.

    Lists and dicts are put back as they were; arrays are those from before, in which a pass that was under way may have
    trained.
    """

    @functools.wraps(method)
    def fit(self, *arguments, **keywords):
        before = {
            name: copy.copy(value) if isinstance(value, list | dict) else value for name, value in vars(self).items()
        }
        try:
            return method(self, *arguments, **keywords)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return fit
