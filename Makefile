PYTHON ?= python3
BIN := .venv/bin

# tests of what kernels and formulas compute, which run without compilation in minutes
FORMULAS := activations extensions initializers losses math optimizers schedules
NUMERIC_TESTS := tests/jit tests/gemm tests/network tests/linear tests/curvature $(FORMULAS:%=tests/test_%.py)

SPHINX := $(BIN)/python -m sphinx -W --keep-going -c docs -d docs/_build/doctrees

.PHONY: run test boundscheck coverage matrix oldest lint types wheel docs linkcheck release-check bench peers clean

# installs all requirements, and again when they change
.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[job,bench,test,interop,dask,dev]"
	touch $@

.venv/docs: .venv/installed
	$(BIN)/python -m pip install --quiet --editable ".[docs]"
	touch $@

run: .venv/installed
	$(BIN)/python -m sknn_concepts

test: .venv/installed
	$(BIN)/python -m pytest

# runs the tests with bounds checking in all kernels (slow)
boundscheck: .venv/installed
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest --every-kernel

# runs the compatibility tests with scikit-learn 1.6 and later on all installed Python versions
matrix: .venv/installed
	$(BIN)/nox

# runs a few of these tests with the lower bounds of the requirements and the current Python
oldest: .venv/installed
	$(BIN)/nox --session oldest

# reports the lines and branches that the tests reach; kernels are tested without compilation, so that they are included
coverage: .venv/installed
	$(BIN)/coverage erase
	NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest $(NUMERIC_TESTS)
	$(BIN)/coverage run -m pytest $(addprefix --ignore=,$(NUMERIC_TESTS))
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --show-missing --skip-covered

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --diff .
	$(BIN)/codespell sknn_concepts benchmarks tests docs noxfile.py $(wildcard *.md)

types: .venv/installed
	$(BIN)/mypy

# builds the site in docs/_build/html; all scripts of the gallery are run, and warnings are errors
docs: .venv/docs
	mkdir -p docs/_build/source
	$(SPHINX) $(SPHINXOPTS) docs/_build/source docs/_build/html

# checks the links to other sites; make docs checks those within the site
linkcheck: .venv/docs
	mkdir -p docs/_build/source
	$(SPHINX) -b linkcheck docs/_build/source docs/_build/linkcheck

# checks that a wheel works without the repository
wheel: .venv/installed
	rm -rf dist .venv/wheel
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv .venv/wheel
	.venv/wheel/bin/python -m pip install --quiet dist/*.whl
	cd .venv/wheel && bin/python -I -c "import sknn_concepts as s, sklearn.datasets as d; \
	print(s.__file__, s.MLPClassifier(max_iter=100).fit(*d.load_iris(return_X_y=True)).score(*d.load_iris(return_X_y=True)))"

# builds the packages, tests each of them in a new environment, and looks for known vulnerabilities of the requirements
release-check: .venv/installed
	$(BIN)/nox --session build installed_tests audit

# runs all benchmarks in about half an hour, and renders them with the results of other machines
bench: .venv/installed
	$(BIN)/python -m benchmarks

# installs the libraries that the benchmarks compare with (large)
peers: .venv/installed
	$(BIN)/python -m pip install --quiet --editable ".[peers]"

clean:
	rm -rf .venv .nox dist build docs/_build *.egg-info
