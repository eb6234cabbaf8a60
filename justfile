# What CI runs.
check:
    .ci/run

# All tests.
test *names:
    tests/run {{ names }}

# The sample site with its panel.
serve *flags:
    cargo run -- serve {{ flags }}

# The benchmarks of benches/.
bench:
    cargo bench
