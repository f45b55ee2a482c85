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

# Collect the pages' texts into their catalogues; new ones wait there for a translation.
texts:
    mkdir -p var
    uv run pybabel -q extract -F pyproject.toml -k say -k text:2 -k N_ --no-location --sort-output -o var/pages.pot app/console
    for language in ru kk; do uv run pybabel -q update -i var/pages.pot -o app/console/locales/$language.po -l $language --no-fuzzy-matching --ignore-obsolete -w 110; done

# Speed and quality beside the peers; minutes.
bench:
    uv run --group bench python -m benchmarks --quick
    uv run --group bench python -m benchmarks.quality

# Kills, faults and floods, with counts of what was lost; an hour.
soak:
    uv run python -m tests.soak kills --rounds 50 --database sqlite
    uv run python -m tests.soak kills --rounds 20 --database postgresql
    uv run python -m tests.soak faults
    uv run python -m tests.soak.calls --calls 100000
    uv run python -m tests.soak.files --files 10000
    uv run python -m benchmarks.load
