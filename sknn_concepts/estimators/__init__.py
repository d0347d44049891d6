"""Floor 3: the estimators."""
