"""The measurements: ``python -m tests.bench`` (``make bench``). See docs/benchmarks.md."""
