# make run     sets up and starts the bot and its room in the browser
# make test    sets up and runs the tests
EXTRAS = torch,discord,telegram
TEST_EXTRAS = dev,torch,discord,telegram,postgres

.DEFAULT_GOAL = run
.PHONY: run test lint messages lock

run:
	@tools/install.sh "$(EXTRAS)"
	@exec .venv/bin/planchette run

test:
	@tools/install.sh "$(TEST_EXTRAS)"
	@.venv/bin/python -m pytest -n 4 --dist loadgroup $(TESTS)

lint:
	@tools/install.sh "$(TEST_EXTRAS)"
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/lint-imports

# The sentences to be translated: new ones come into bot/locales empty, and the tests name them.
messages:
	@tools/install.sh "$(TEST_EXTRAS)"
	@.venv/bin/python -m tools.messages

# The versions that were tested together. torch's CUDA packages are left out: torch chooses them by its build.
lock:
	@tools/install.sh "$(TEST_EXTRAS)"
	.venv/bin/python -m pip install --quiet uv
	.venv/bin/uv pip compile pyproject.toml --all-extras --universal --upgrade --no-header --no-annotate --quiet | \
	    grep -vE '^(cuda-|nvidia-|triton)' >constraints.new
	mv constraints.new constraints.txt
