"""Point-in-time credit scoring, from event tables to exported models.

An application is a person and an instant; everything we say about it is a function of
events that were known before that instant.
"""

__version__ = "0.1.0"
