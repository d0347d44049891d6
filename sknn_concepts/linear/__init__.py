"""Linear models: objectives and their solvers, and online gradient descent."""
