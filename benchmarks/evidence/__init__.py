"""Evidence for what is said of pruning and curvature: ``python -m benchmarks.evidence.monks`` and its neighbors.

One file a subject: `monks`, `digits` and `curvature`. Each runs in minutes and writes ``NAME.md``, ``NAME.json`` (with
the environment) and its plots into ``results``. All numbers there are measured in that run, but for published figures,
which have their source beside them.
"""
