"""Experiments on pruning and curvature, which support the claims of the documentation.

``python -m benchmarks.evidence.monks``, ``.digits`` and ``.curvature`` each run for some minutes and write ``NAME.md``,
``NAME.json`` (with a description of the environment) and plots into ``results``. All numbers there come from that run,
except for published ones, which are given with their source.
"""
