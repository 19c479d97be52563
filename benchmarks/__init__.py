"""Slow measurements: speed, memory, accuracy. Never tests; `make bench` runs them."""
