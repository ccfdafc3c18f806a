# The commands of the project; `make` alone lists them. Needs Python 3.11 or newer, git and make.

PYTHON_IN = .venv/bin/python
SETUP = @sh deploy/local/setup.sh
PARALLEL = -n 3 --dist loadscope --no-loadscope-reorder
unexport PYTHONDONTWRITEBYTECODE  # tests start hundreds of processes: compile each module once

help:  ## list the commands
	@sed -n 's/^\([a-z-]*\):  *## /  make \1	/p' Makefile

setup:  ## create .venv and install the service
	$(SETUP) run

serve:  ## serve the sample posts on http://127.0.0.1:8000
	$(SETUP) run
	@sh deploy/local/serve.sh

test:  ## run all tests, with full branch coverage
	$(SETUP) test
	@$(PYTHON_IN) -m pytest $(PARALLEL) --cov

test-fast:  ## run the tests that take no time: no browser, PostgreSQL or whole system, none marked slow
	$(SETUP) test
	@$(PYTHON_IN) -m pytest $(PARALLEL) --fast --hypothesis-profile=fast --durations=5 --durations-min=1

check:  ## lint, types, spelling, dependencies, import contracts and project rules
	$(SETUP) test
	@$(PYTHON_IN) -m ruff check --quiet .
	@$(PYTHON_IN) -m ruff format --quiet --check .
	@$(PYTHON_IN) -m mypy
	@.venv/bin/codespell
	@.venv/bin/deptry --no-ansi src
	@.venv/bin/lint-imports --no-logo
	@$(PYTHON_IN) -m pytest -q tests/test_code_rules.py tests/test_word_list.py tests/test_import_contracts.py

docs:  ## build the documentation as a site in var/docs; broken links are errors
	$(SETUP) run
	@sh deploy/docs/build.sh

bench:  ## run all benchmarks, each compared with similar programs, and list goals and figures
	$(SETUP) test
	@rm -f var/bench/goals.jsonl
	@failed=; for benchmark in $(wildcard benchmarks/*.py); do \
		$(PYTHON_IN) "$$benchmark" || failed="$$failed $$benchmark"; \
	done; $(PYTHON_IN) benchmarks/harness/goals.py; [ -z "$$failed" ] || { echo "Failed or missed a limit:$$failed"; exit 1; }

audit:  ## list parts (CycloneDX) and licenses in var/audit, and look for known vulnerabilities
	$(SETUP) run
	@sh deploy/audit/build.sh $(AUDIT_OPTIONS)

soak:  ## run the fault tests in their long form
	$(SETUP) test
	@SYNDICATE_SOAK=1 $(PYTHON_IN) -m pytest -m soak --hypothesis-profile=soak

.PHONY: audit docs help setup serve test test-fast check bench soak
