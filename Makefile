# One command for each thing that one does here; `make help` lists them.
PYTHON ?= python3
EXPERIMENT ?= smoke
DATA ?=
QUICK ?=
SCALE ?=
RESULTS ?= results
PROFILE ?= local
ARGS ?=

BIN := .venv/bin
# where JupyterLab looks for defaults: Markdown opens rendered
LAB := .venv/share/jupyter/lab/settings
# parallel jobs and tests use one thread each: two jobs with two threads each are several times slower
ENV := OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 MKL_NUM_THREADS=1

.PHONY: help setup reproduce notebooks test lint format lab bench docs constraints clean

help:  ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-12s %s\n", $$1, $$2}'

setup: .venv/.ready  ## make .venv and install everything, at the versions of constraints.txt

.venv/.ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or newer is needed; name one with: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@echo "== making .venv and installing into it (once; a few minutes, several GB where torch comes with CUDA)"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv \
		|| { rm -rf .venv; echo "This Python cannot make virtual environments; on Debian: apt install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@
	@echo "== installed"

reproduce: setup  ## run an experiment and print its table: EXPERIMENT=smoke|desk|topomortar DATA=folder QUICK=1, or contextloss|cldice|scnp|hpm|topomortar SCALE=0.01; PROFILE=slurm
	@test '$(PROFILE)' != slurm || $(BIN)/python -c 'import snakemake_executor_plugin_slurm' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[slurm]'
	@$(BIN)/python -m workflow $(EXPERIMENT) --results $(RESULTS) --profile '$(PROFILE)' $(if $(DATA),--data $(DATA)) $(if $(QUICK),--quick) $(if $(SCALE),--scale $(SCALE)) $(ARGS)

test: setup  ## run the tests
	@$(ENV) $(BIN)/python -m pytest -n auto $(ARGS)

lint: setup  ## format check, linter, types, import rules, spelling
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/codespell

format: setup  ## format the code and strip the notebooks' outputs
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/nbstripout notebooks/*.ipynb

notebooks: setup  ## run every notebook on a small example (a few minutes) into results/notebooks/
	@$(ENV) $(BIN)/python -m workflow.notebooks

lab: setup  ## JupyterLab, opened on the index of what has been run
	@mkdir -p $(RESULTS) $(LAB)
	@echo '{"@jupyterlab/docmanager-extension:plugin": {"defaultViewers": {"markdown": "Markdown Preview"}}}' > $(LAB)/overrides.json
	@$(BIN)/python -m workflow.run_notebook notebooks/index.ipynb $(RESULTS)/index.ipynb -p results $(RESULTS) -p folder $(RESULTS)
	@$(BIN)/jupyter trust $(RESULTS)/index.ipynb
	@$(BIN)/jupyter lab --ServerApp.root_dir=. --LabApp.default_url=/lab/tree/$(RESULTS)/index.ipynb $(ARGS)

bench: setup  ## cost of every loss beside Dice&CE: time, peak memory (asv, about ten minutes; see the README for the full one)
	@$(BIN)/asv machine --yes >/dev/null
	@$(ENV) $(BIN)/asv run -E existing:$(BIN)/python --quick --set-commit-hash $$(git rev-parse HEAD) \
		--bench '(track_ratio_to_dice_ce|time_forward_backward|MemoryLoss.peakmem_\w+)\(.*cpu' $(ARGS)
	@$(BIN)/python -m benchmarks.report

constraints: setup  ## pin the newest versions that pyproject.toml allows (torch is pinned by hand, see CONTRIBUTING.md)
	@$(BIN)/python -m pip install --quiet uv
	@echo 'torch==2.13.0' > .venv/pin.txt
	$(BIN)/uv pip compile --universal --upgrade --no-header --no-annotate --all-extras -c .venv/pin.txt pyproject.toml -o constraints.txt

docs: setup  ## build the documentation with its reference into site/
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[docs]'
	@$(ENV) NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict
	@echo "open site/index.html"

clean:  ## remove the environment and caches; results/ stays
	rm -rf .venv .asv site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info
