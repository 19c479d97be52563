"""RequestError: a request that is refused, in the one shape every error has over HTTP.

It names the field, the rule and the way out, and never a value: values are a person's own, and
what refuses them may be logged by whoever asked.
"""

from __future__ import annotations

from credit.errors import CreditError

SHOWN = 80
"""Most characters of a field's name, as it was given, that an error repeats."""


class RequestError(CreditError, ValueError):
    """A request that a service refuses.

    Parameters
    ----------
    status : int
        Of HTTP.
    error : str
        What went wrong, in a word for programs: ``unknown_field``.
    rule : str
        What must hold.
    way_out : str
        What to do.
    field : str or None
        Where in the body, or the name of a header: ``rows[3].features.income``.
    """

    def __init__(
        self, status: int, error: str, rule: str, way_out: str, field: str | None = None
    ) -> None:
        super().__init__(f"{field or 'the request'}: {rule} {way_out}")
        self.status = status
        self.error = error
        self.rule = rule
        self.way_out = way_out
        self.field = field

    def body(self, request_id: str) -> dict[str, str | None]:
        """Return what is answered."""
        return {
            "error": self.error,
            "field": self.field,
            "rule": self.rule,
            "way_out": self.way_out,
            "request_id": request_id,
        }


def at(place: str, name: object) -> str:
    """Return the path of a member: ``place.name``, a long name cut short."""
    shown = str(name)
    shown = shown if len(shown) <= SHOWN else shown[:SHOWN] + "..."
    return f"{place}.{shown}" if place else shown


def unprocessable(field: str, error: str, rule: str, way_out: str) -> RequestError:
    """Return the refusal of a value that is JSON, and not what its field takes."""
    return RequestError(422, error, rule, way_out, field)
