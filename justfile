# What there is to do; `just` lists it.
default:
    @just --list

# Install everything for working on the project.
setup:
    uv sync --locked

# Serve the API on the embedded database, with the sample.
run:
    uv run caravan demo

# The tests that tell most in the least time (under 40 seconds).
quick:
    uv run pytest -m "not slow"

# Everything that must pass before a change lands.
check:
    .ci/run

# Put the code into its form.
format:
    uv run ruff format .
    uv run ruff check --fix .

# Speed and quality beside the peers; minutes.
bench:
    uv run --group bench python -m benchmarks --quick
    uv run --group bench python -m benchmarks.quality
