"""Accuracy on tables: this library's ensembles of networks against boosted trees and other networks.

``python -m benchmarks.tables`` fits each contender with its default settings to some splits of each table, and writes
``benchmarks/results/tables.json``. ``python -m benchmarks.tables render`` writes ``docs/tables.md`` and
``docs/tables.svg``, or a page and a plot with the name of another file of results. The tables are those that
scikit-learn ships, and those of a folder (`benchmarks.tables.data`).
"""
