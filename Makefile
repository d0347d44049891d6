PYTHON ?= python3
BIN := .venv/bin

.PHONY: run test boundscheck coverage matrix oldest lint types wheel bench peers clean

# everything that a command needs is installed here, once, and again when the requirements change
.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[job,bench,test,dev]"
	touch $@

run: .venv/installed
	$(BIN)/python -m sknn_concepts

test: .venv/installed
	$(BIN)/python -m pytest

# the same with a check of every index in every kernel: slow, for once a week
boundscheck: .venv/installed
	NUMBA_BOUNDSCHECK=1 $(BIN)/python -m pytest --every-kernel

# scikit-learn from 1.6 on, with the libraries that go with it: each Python that is there, one after the other
matrix: .venv/installed
	$(BIN)/nox

# a few minutes of it: the lower bounds of the requirements, with the Python that is used here
oldest: .venv/installed
	$(BIN)/nox --session oldest

# lines and branches that the tests reach; without compilation, so that those of kernels count: slow, too
coverage: .venv/installed
	$(BIN)/coverage erase
	NUMBA_DISABLE_JIT=1 $(BIN)/coverage run -m pytest
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --show-missing --skip-covered

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check --diff .
	$(BIN)/codespell sknn_concepts benchmarks tests docs noxfile.py README.md CHANGELOG.md

types: .venv/installed
	$(BIN)/mypy

# a built wheel works without the repository
wheel: .venv/installed
	rm -rf dist .venv/wheel
	$(BIN)/python -m build --wheel --outdir dist .
	$(PYTHON) -m venv .venv/wheel
	.venv/wheel/bin/python -m pip install --quiet dist/*.whl
	cd .venv/wheel && bin/python -I -c "import sknn_concepts as s, sklearn.datasets as d; \
	print(s.__file__, s.MLPClassifier(max_iter=100).fit(*d.load_iris(return_X_y=True)).score(*d.load_iris(return_X_y=True)))"

bench: .venv/installed
	$(BIN)/python -m benchmarks

# what the benchmarks compare with: large, and not needed for anything else
peers: .venv/installed
	$(BIN)/python -m pip install --quiet --editable ".[peers]"

clean:
	rm -rf .venv .nox dist build *.egg-info
