"""Layers and their layout, compiled networks, data sets and threads."""
