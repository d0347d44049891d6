"""Callbacks of scikit-learn that it need not call, because estimators look for them themselves."""


class PassiveCallback:
    """Base class with the methods by which scikit-learn knows a callback, which do nothing."""

    def setup(self, estimator, context):
        """Do nothing."""

    def teardown(self, estimator, context):
        """Do nothing."""

    def on_fit_task_begin(self, estimator, context):
        """Do nothing."""

    def on_fit_task_end(self, estimator, context):
        """Do nothing."""
