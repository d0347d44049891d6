"""Description of the machine and the software of a measurement: ``python -m benchmarks.environment`` prints it."""

import datetime
import importlib.metadata
import json
import os
import pathlib
import platform
import subprocess
import sys

from benchmarks import ROOT
from benchmarks.threads import ONE_THREAD, usable_processors

LIBRARIES = (
    "numpy",
    "scipy",
    "numba",
    "llvmlite",
    "scikit-learn",
    "joblib",
    "scikit-learn-intelex",
    "torch",
    "skorch",
    "jax",
    "skglm",
    "snapml",
    "onnxruntime",
    "backpack-for-pytorch",
    "pandas",
    "lightgbm",
    "xgboost",
    "catboost",
    "pytabkit",
)

#: Prefixes of environment variables that control threads, instructions or compilation.
VARIABLES = ("OMP_", "OPENBLAS_", "MKL_", "BLIS_", "VECLIB_", "NUMBA_", "LOKY_")

#: Environment variables that make a library treat the processor as another one or use fewer threads, or Python
#: recompile its sources in each process. They are dropped because users do not have them.
HANDICAPS = (
    *ONE_THREAD,
    "OPENBLAS_CORETYPE",
    "OPENBLAS_L2_SIZE",
    "MKL_ENABLE_INSTRUCTIONS",
    "NPY_DISABLE_CPU_FEATURES",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "NUMBA_CPU_NAME",
    "NUMBA_CPU_FEATURES",
    "PYTHONDONTWRITEBYTECODE",
)


def clean_variables():
    """Return the environment variables without those of `HANDICAPS`."""
    return {name: value for name, value in os.environ.items() if name not in HANDICAPS}


def ask_environment(variables):
    """Describe the environment of a process with the given variables.

    Parameters
    ----------
    variables : dict of str to str
        Environment variables of the process.

    Returns
    -------
    environment : dict
        Result of `describe_environment`, with the variables of this process that were left out under "dropped".
    """
    command = [sys.executable, "-m", "benchmarks.environment"]
    done = subprocess.run(command, cwd=ROOT, env=variables, check=True, stdout=subprocess.PIPE, text=True)
    dropped = {name: value for name, value in sorted(os.environ.items()) if name not in variables}
    return json.loads(done.stdout) | {"dropped": dropped}


def machine_name(environment):
    """Return the name of a machine: the processor for which Numba compiles, and the number of usable cores."""
    cores = environment["usable_cores"]
    return f"{environment['target']}, {cores} core{'' if cores == 1 else 's'}"


def describe_environment():
    """Describe the processor, its cores and load, the BLAS, Python, and the versions of the installed libraries.

    Returns
    -------
    environment : dict
        Description with values that JSON can represent.
    """
    return {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "target": _target(),
        "cores": os.cpu_count(),
        "usable_cores": usable_processors(),
        "load_average": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "versions": _versions(),
        "blas": _blas(),
        "variables": {
            name: value
            for name, value in sorted(os.environ.items())
            if name.startswith(VARIABLES) and name != "NUMBA_CACHE_DIR"
        },
    }


def _cpu():
    cpuinfo = pathlib.Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text().splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _target():
    """Return the processor for which Numba compiles."""
    from llvmlite import binding

    return os.environ.get("NUMBA_CPU_NAME") or binding.get_host_cpu_name()


def _versions():
    import sknn_concepts

    versions = {"sknn_concepts": sknn_concepts.__version__}
    for name in LIBRARIES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _blas():
    """Describe the BLAS libraries of NumPy and SciPy, with their kernels and numbers of threads."""
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401

    try:
        from threadpoolctl import threadpool_info
    except ImportError:
        print("threadpoolctl is not installed: the BLAS is not recorded.", file=sys.stderr)
        return None
    names = ("internal_api", "version", "architecture", "num_threads")
    return [{name: pool.get(name) for name in names} for pool in threadpool_info() if pool["user_api"] == "blas"]


if __name__ == "__main__":
    print(json.dumps(describe_environment()))
