"""Scoring over HTTP, and the log of what was decided."""
