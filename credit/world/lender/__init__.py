"""The world's lender: it decides with `credit.decide`, and serves what it granted."""
