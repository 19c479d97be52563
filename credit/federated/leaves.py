"""What growing trees together takes out of a party, and what the protocol does not protect."""

from __future__ import annotations

from credit.federated.record import Leaving

ADDS_UP = "the process that adds up"
EVERYBODY = "every party"

SUMS = f"each party's own: {ADDS_UP}; the sum: {EVERYBODY}"

TERMS_LEAVE = Leaving(
    what="names and kinds of columns, options, versions, the party's name",
    when="once",
    seen_by=EVERYBODY,
)
NAMES_LEAVE = Leaving(
    what="which names occur in each column of names",
    when="once",
    seen_by=EVERYBODY,
)

TREES_LEAVE = (
    TERMS_LEAVE,
    NAMES_LEAVE,
    Leaving(
        what="good and bad rows of each name; rows, bad rows",
        when="once, rows again for every run of trees",
        seen_by=SUMS,
    ),
    Leaving(
        what="rows of the rarer class",
        when="once",
        seen_by=EVERYBODY,
    ),
    Leaving(
        what="quantile sketches: real values of each column with their ranks, up to 8 x max_bin",
        when="once for every run of trees",
        seen_by=EVERYBODY,
    ),
    Leaving(
        what="histograms of gradient and Hessian: two sums for each bin of each column",
        when="every node of every tree",
        seen_by=SUMS,
    ),
    Leaving(
        what="log-loss on the rows held back",
        when="every tree, while the number of trees is sought",
        seen_by=SUMS,
    ),
)
"""For boosted trees in the horizontal mode of XGBoost's federated engine."""

UNPROTECTED = (
    "With two parties each knows the other's sums: the total less its own.",
    "Nothing is encrypted beyond the connection, and no noise is added: there is no guarantee of "
    "differential privacy.",
    "The model itself says something of the rows it was grown on.",
    "A party may send false sums; nobody can tell, and the model is as good as its worst party.",
    "All processes of this command run on one machine under one user: it shows the method and "
    "measures it, and keeps nobody out who could read the files anyway.",
)
"""Whatever is trained, a sentence each."""

TREES_UNPROTECTED = (
    "Quantile sketches hold real values of single rows: rare incomes or dates are read off them.",
    "The process that adds up sees every party's sums. Histograms of small nodes are sums over few "
    "people: who knows all but one of them learns that one's outcome.",
    *UNPROTECTED,
)
"""Sentences, worst first."""
