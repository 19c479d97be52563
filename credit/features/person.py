"""One person now: the row a batch would hold, computed by the same declarations."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from credit.errors import DataError
from credit.feature import Catalogue
from credit.features import build

if TYPE_CHECKING:
    from credit.engine import Engine


def of_person(
    engine: Engine,
    features: Catalogue,
    customer_id: int | str,
    as_of: int,
    *,
    application_id: int | str | None = None,
) -> dict[str, float | str | None]:
    """Return the features of one person at one instant; training and serving cannot drift apart.

    It is :func:`credit.features.build` on a spine of one row, so equal to that row of any batch
    by construction. An engine with nothing but this person's own events gives the same, for
    features that look at nobody else.

    Parameters
    ----------
    engine : Engine
    features : Catalogue
    customer_id : int or str
    as_of : int
        Microseconds since 1970 UTC.
    application_id : int or str, optional
        Whose stated facts count, where the person applied more than once at that instant.

    Returns
    -------
    dict
        Feature -> number, text, or None where it is null.

    Raises
    ------
    DataError
        The table of customers is here and does not know the person.
    """
    if "customers" in engine.tables:
        engine.temporary("asked_person", pd.DataFrame({"customer_id": [customer_id]}))
        known = engine.rows("select 1 from customers join asked_person using (customer_id) limit 1")
        if not known:
            raise DataError(
                f"customers: there is no person {customer_id!r}. Check the identifier, or add the "
                "person's row: without it every feature would be that of somebody unknown."
            )
    row: dict[str, list[int | str]] = {
        "observation_id": [0],
        "customer_id": [customer_id],
        "as_of": [as_of],
    }
    if application_id is not None:
        row["application_id"] = [application_id]
    built = build(engine, pd.DataFrame(row), features).iloc[0]
    return {name: None if pd.isna(built[name]) else built[name] for name in features.names}
