"""A fit that fails leaves the estimator as it was."""

import copy
import functools


def all_or_nothing(method):
    """Decorate a method that fits: if it raises, all attributes are what they were before.

    Lists are cut to the length that they had, as nothing is ever done to them but to append. Arrays are those from
    before, in which a pass that was under way may have trained.
    """

    @functools.wraps(method)
    def guarded(self, *arguments, **keywords):
        before = {
            name: copy.copy(value) if name.startswith("_") and isinstance(value, dict) else value
            for name, value in vars(self).items()
        }
        lengths = [(value, len(value)) for value in before.values() if isinstance(value, list)]
        try:
            return method(self, *arguments, **keywords)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            for value, length in lengths:
                del value[length:]
            raise

    return guarded
