# make report   builds the sample company's monthly report
# make test     runs every check
# make quick    those that start no notebook, browser or cluster
# make lab      opens the lessons in JupyterLab, in French
# Needs Python 3.11 or later; another one than python3: make report PYTHON=python3.13

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SAMPLE := --company "Voltruzac Menuiseries" --ledger data/factures.csv --settlements data/reglements.csv \
	--customers data/clients.csv --targets data/objectifs.csv --signals data/seuils.csv
LESSONS := $(wildcard notebooks/fr/[0-9]*.ipynb notebooks/en/[0-9]*.ipynb solutions/fr/*.ipynb solutions/en/*.ipynb)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export UV_PYTHON_DOWNLOADS := never

.PHONY: report test quick lint notebooks glossary lab lock clean
.DEFAULT_GOAL := report

report: $(VENV)/run.done
	$(BIN)/cmtools report monthly $(SAMPLE) --as-of 2026-06-30 --output reports/sample
	@echo "Open: $(CURDIR)/reports/sample/report.html"

test: lint
	$(BIN)/python course/build.py --check
	$(BIN)/python course/coverage.py --check
	$(BIN)/pytest -n 2 --dist loadfile
	$(if $(LESSONS),$(BIN)/pytest -n 2 --dist loadfile --nbval-lax --nbval-current-env --nbval-cell-timeout 120 \
		--nbval-sanitize-with tests/nbval_sanitize.cfg $(LESSONS))

quick: lint
	$(BIN)/pytest -n 2 --dist loadfile -m "not slow"

lint: $(VENV)/test.done
	$(BIN)/ruff check .
	$(BIN)/ruff format --check src tests course data benchmarks start
	$(BIN)/mypy

notebooks: $(VENV)/test.done
	$(BIN)/python course/build.py
	$(BIN)/python course/coverage.py

glossary: $(VENV)/run.done
	$(BIN)/python course/glossary.py

# Other options: make lab OPTIONS="--no-browser --port=8890"
lab: $(VENV)/lab.done
	$(BIN)/python start/start.py $(OPTIONS)

# ---------------------------------------------------------------- installation
# Every download is checked against the hashes of a lock. uv takes half the time of pip (README, times);
# where it cannot work (no wheel, a mirror set up for pip alone), pip does the same from the same lock.

install = { [ -x $(BIN)/uv ] && $(BIN)/uv pip install -q --python $(BIN)/python $(1) $(2); } || $(BIN)/pip install -q $(1)

$(VENV)/python.done:
	@command -v $(PYTHON) >/dev/null || { echo "No $(PYTHON) found; install Python 3.11 or later, or: make PYTHON=..." >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	{ echo "Python 3.11 or later is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1); try: make PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/pip install -q --require-hashes -r requirements/uv.lock || echo "uv cannot be installed here; pip will do"
	@touch $@

# A lock holds the build backend too: building the package fetches nothing, and what pyspark is built with is checked.
$(VENV)/%.done: requirements/%.lock pyproject.toml | $(VENV)/python.done
	@echo "Installing $<"
	@$(call install,--require-hashes -r $<,--compile-bytecode --build-constraints $<)
	@$(call install,--no-deps --no-build-isolation -e .,)
	@touch $@

# Pins stay as they are unless pyproject.toml forbids them; all of them anew: make lock UPGRADE=--upgrade
LOCK = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-annotate --no-config \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

lock: | $(VENV)/python.done
	$(LOCK) pyproject.toml --group build -o requirements/run.lock
	$(LOCK) pyproject.toml --group build --extra lab -c requirements/run.lock -o requirements/lab.lock
	$(LOCK) pyproject.toml --group build --extra lab --group test -c requirements/lab.lock -o requirements/test.lock
	echo uv | $(LOCK) - -o requirements/uv.lock

clean:
	rm -rf $(VENV) reports build dist
