"""The workloads, in files that each define a list ``WORKLOADS``."""

import importlib

#: Files in the order of the tables.
FILES = (
    "mlp_digits",
    "mlp_tall",
    "mlp_wide",
    "mlp_widest",
    "mlp_tiny",
    "mlp_lbfgs",
    "mlp_sparse",
    "search",
    "predict",
    "curvature",
    "logistic_dense",
    "logistic_sparse",
    "perceptron",
    "machine",
    "start_up",
)

#: Workloads by name.
WORKLOADS = {
    workload.name: workload for file in FILES for workload in importlib.import_module(f"{__name__}.{file}").WORKLOADS
}
