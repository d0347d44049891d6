"""Epochs and mini-batches, L-BFGS, early stopping."""
