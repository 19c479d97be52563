"""The application: config, train, tune, score, report, track.

The only room that knows MLflow, Optuna, paths and the clock.
"""
