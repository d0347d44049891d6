"""Tests with each supported version of scikit-learn, matching versions of other libraries, and all versions of Python.

``make matrix`` runs all combinations one after the other. A Python version that is not installed is skipped. ``make
release-check`` tests the packages that are built from the repository.
"""

import os
import pathlib
import shutil
import sys

import nox

#: Versions of scikit-learn and of the libraries that match it. The first ones are the lower bounds in pyproject.toml.
#: The estimator checks of older versions use an interface that pytest 9 no longer has.
REQUIREMENTS = {
    "1.6": ("scikit-learn==1.6.0", "numpy==1.26.0", "scipy==1.12.0", "numba==0.60.0", "pytest==8.*"),
    "1.7": ("scikit-learn==1.7.*", "numpy==2.1.*", "scipy==1.14.*", "numba==0.61.*", "pytest==8.*"),
    "1.8": ("scikit-learn==1.8.*", "numpy==2.3.*", "scipy==1.16.*", "numba==0.63.*", "pytest==8.*"),
    "newest": ("scikit-learn", "numpy", "scipy", "numba", "pytest"),
}
#: Combinations of Python and scikit-learn: one Python for each older scikit-learn, and all for the newest.
COMBINATIONS = [("3.11", "1.6"), ("3.12", "1.7"), ("3.13", "1.8")]
COMBINATIONS += [(python, "newest") for python in ("3.11", "3.12", "3.13", "3.14")]

#: Expression that selects one estimator of each kind.
QUICK = "Perceptron or liblinear or adagrad or orthogonal"

#: Tests that depend on the version of scikit-learn.
CHECKS = ["test_contract.py", "test_parity.py", "test_drop_in.py"]

#: Folders of tests that need the repository, and files of which do.
WITHOUT_PACKAGE = ("benchmarks", "test_architecture.py", "test_docs.py")

CURRENT = f"{sys.version_info.major}.{sys.version_info.minor}"

nox.options.sessions = ["matrix"]
nox.options.error_on_missing_interpreters = False
nox.options.default_venv_backend = "venv"

# pyenv only finds the Python versions that are enabled
installed = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv"), "versions")
if installed.is_dir():
    os.environ.setdefault("PYENV_VERSION", ":".join(sorted(path.name for path in installed.iterdir())))


def install(session, scikit_learn):
    """Install the package with one combination of libraries, and print their versions."""
    session.install("--quiet", "--editable", ".", *REQUIREMENTS[scikit_learn], "pandas>=2.1")
    libraries = "sklearn, numpy, scipy, numba"
    session.run("python", "-c", f"import {libraries}; print(*((m.__name__, m.__version__) for m in ({libraries})))")


@nox.session
@nox.parametrize(("python", "scikit_learn"), COMBINATIONS)
def matrix(session, scikit_learn):
    """Run all tests that depend on scikit-learn with one combination."""
    install(session, scikit_learn)
    session.run("python", "-m", "pytest", "-q", *(f"tests/estimators/{name}" for name in CHECKS), "tests/tabular")
    session.run("python", "tests/drop_in")


@nox.session(python=CURRENT)
def oldest(session):
    """Run a few tests with the oldest combination and the current Python."""
    if sys.version_info >= (3, 13):
        session.skip("the oldest NumPy, SciPy and Numba do not support this Python")
    install(session, "1.6")
    session.run("python", "-m", "pytest", "-q", "tests/estimators/test_drop_in.py")
    session.run("python", "-m", "pytest", "-q", "tests/estimators/test_contract.py", "-k", QUICK)


@nox.session(python=CURRENT)
def build(session):
    """Build a wheel and a source distribution, and check their descriptions."""
    shutil.rmtree("dist", ignore_errors=True)
    session.install("--quiet", "build", "twine")
    session.run("python", "-m", "build", "--outdir", "dist", silent=True)
    session.run("twine", "check", "--strict", *map(str, pathlib.Path("dist").iterdir()))


@nox.session(python=CURRENT)
@nox.parametrize("kind", ["*.whl", "*.tar.gz"], ids=["wheel", "sdist"])
def installed_tests(session, kind):
    """Install a package that was built, and run the tests with it, away from the repository."""
    (package,) = pathlib.Path("dist").resolve().glob(kind)
    session.install("--quiet", f"{package}[test]")
    folder = pathlib.Path(session.create_tmp()).resolve()
    for path in ("tests", "pyproject.toml"):
        copy = shutil.copytree if pathlib.Path(path).is_dir() else shutil.copy
        shutil.rmtree(folder / path, ignore_errors=True)
        copy(path, folder / path)
    session.chdir(folder)
    session.run("python", "-c", "import sknn_concepts as s; assert 'site-packages' in s.__file__, s.__file__")
    left_out = (f"--ignore=tests/{name}" for name in WITHOUT_PACKAGE)
    session.run("python", "-m", "pytest", "-q", "-o", "pythonpath=tests", *left_out, *session.posargs)


@nox.session(python=CURRENT)
def audit(session):
    """Look up the requirements in the database of known vulnerabilities, where it can be reached."""
    session.install("--quiet", ".", "pip-audit")
    # the exit code 1 stands for vulnerabilities, and for a database that cannot be reached
    said = session.run("pip-audit", "--skip-editable", success_codes=[0, 1], silent=True)
    if any(line.startswith("Found ") for line in said.splitlines()):
        session.error(said)
    session.log(said)
