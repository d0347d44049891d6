"""Displays of networks, in the style of scikit-learn."""
