"""Benchmarks of detection that anyone can run: `weir bench`."""
