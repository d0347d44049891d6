"""Base class of the multilayer perceptrons: parameters, initialization, validation data and training."""
