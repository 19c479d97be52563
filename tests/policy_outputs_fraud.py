"""What the rules of fraud move (see policy_outputs)."""

from __future__ import annotations

from credit.decide import clock
from credit.decide.fraud import Event, FraudTerms, code, watch
from credit.policy import InForce

MINUTE = 60_000_000
FAR = {"fraud_login_distance_max_1h": 800.0}


def days(figures: InForce) -> object:
    """The verdicts of an evening in which much happens, of a day of spending, and the layers."""
    terms = FraudTerms.of(figures)
    zone = "Asia/Shanghai"
    evening = clock.at(figures.on, zone, hour=23, minute=10)
    noon = clock.at(figures.on, zone, hour=12)

    def pay(at: int, yuan: int, kind: str = "payment", **more: object) -> Event:
        return Event(at=at, kind=kind, amount_fen=100 * yuan, **more)  # type: ignore[arg-type]

    stories = {
        "takeover": [
            (Event(at=evening, kind="login"), FAR),
            (pay(evening + 20 * MINUTE, 6_000, "transfer", payee_age_days=0), {}),
            (pay(evening + 40 * MINUTE, 800), {}),
        ],
        "shop": [
            (pay(noon, 4_000, merchant_class="C"), {}),
            (pay(noon + 1, 1_500, merchant_class="C"), {}),
            (pay(noon + 2, 5_500), {}),
        ],
        "loan": [
            (Event(at=noon, kind="loan", amount_fen=1_000_000), {}),
            (pay(noon + 60 * MINUTE, 3_000, mcc=6211), {}),
            (pay(noon + 90 * MINUTE, 100, mcc=6211), {}),
        ],
        "small": [(pay(noon, 1_200, payee_age_days=0), {}), (pay(noon + 1, 4_500), {})],
    }
    told = {name: watch(events, terms)[1] for name, events in stories.items()}
    return told, terms.layers, [code(line.signal) for line in terms.lines]
