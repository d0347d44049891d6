"""The estimators: Perceptron, LogisticRegression, MLPClassifier and MLPRegressor."""
