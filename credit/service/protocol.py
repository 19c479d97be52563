"""The Open Inference Protocol, version 2, over REST: health, metadata, infer.

A feature is an input of shape [rows]: FP64, or BYTES for names. A value that is not known is
null, which the protocol does not forbid and JSON has. Outputs are probability, points, grade.
"""

from __future__ import annotations

from typing import Any

from credit import __version__
from credit.runtime import Score, Scorer
from credit.service.asked import MOST_SUBJECT, Asked, Row
from credit.service.fields import Fields
from credit.service.gate import Call, encode
from credit.service.live import Live
from credit.service.refusal import RequestError, unprocessable
from credit.service.scoring import Scoring
from credit.service.strict import members, one_of, parse, text, whole

MODEL = "credit"
"""What the model is called."""

OUTPUTS = {"probability": "FP64", "points": "INT64", "grade": "BYTES"}
"""What it answers, and the data types."""


def datatype(kind: str) -> str:
    """Return the data type of a feature of a kind, ``number`` or ``category``."""
    return "FP64" if kind == "number" else "BYTES"


class Protocol:
    """The ways of the protocol.

    Parameters
    ----------
    live : Live
    scoring : Scoring
    most_rows : int
    """

    def __init__(self, live: Live, scoring: Scoring, most_rows: int) -> None:
        self._live, self._scoring, self._most = live, scoring, most_rows

    async def server(self, call: Call) -> str:
        """Answer ``/v2``."""
        del call
        return encode({"name": "credit", "version": __version__, "extensions": []})

    async def alive(self, call: Call) -> str:
        """Answer ``/v2/health/live``."""
        del call
        return encode({"live": True})

    async def ready(self, call: Call) -> str:
        """Answer ``/v2/health/ready``: an artifact is in use from the first moment on."""
        del call
        return encode({"ready": True})

    async def model_ready(self, call: Call) -> str:
        """Answer ``/v2/models/{name}/ready``."""
        _check_name(call)
        return encode({"name": MODEL, "ready": True})

    async def model(self, call: Call) -> str:
        """Answer ``/v2/models/{name}``: what goes in, and what comes out."""
        _check_name(call)
        scorer = self._live.now.champion
        inputs = [
            {"name": f.name, "datatype": datatype(f.type), "shape": [-1]} for f in scorer.features
        ]
        outputs = [
            {"name": name, "datatype": kind, "shape": [-1]} for name, kind in OUTPUTS.items()
        ]
        return encode(
            {
                "name": MODEL, "versions": [version_of(scorer)],
                "platform": f"credit_{scorer.kind}", "inputs": inputs, "outputs": outputs,
            }
        )  # fmt: skip

    async def infer(self, call: Call) -> str:
        """Answer ``/v2/models/{name}/infer``."""
        _check_name(call)
        loaded = self._live.now
        body = members(parse(call.body), "", ("inputs",), ("id", "parameters", "outputs"))
        named = call.request_id if "id" not in body else text(body["id"], "id", MOST_SUBJECT)
        wanted = _wanted(body)
        rows = self._rows(body, loaded.fields)
        asked = Asked(rows, reasons=0, language="en", many=True)
        scores = await self._scoring.answered(loaded, asked, call.request_id)
        return encode(
            {
                "model_name": MODEL, "model_version": version_of(loaded.champion), "id": named,
                "outputs": [_output(name, scores) for name in wanted],
            }
        )  # fmt: skip

    def _rows(self, body: dict[str, Any], fields: Fields) -> list[Row]:
        columns = _columns(body, fields, self._most)
        count = len(next(iter(columns.values()), []))
        subjects = _subjects(body, count)
        rows = []
        for i in range(count):
            features = {name: values[i] for name, values in columns.items()}
            rows.append(Row(features, subjects[i], fields.check(features, f"rows[{i}]")))
        return rows


def version_of(scorer: Scorer) -> str:
    """Return the version by which the protocol knows an artifact."""
    return scorer.sha256[:12]


def _check_name(call: Call) -> None:
    if call.path.get("name") != MODEL:
        raise RequestError(404, "unknown_model", f"There is one model, {MODEL!r}.", "Name it.")


def _list(value: Any, place: str) -> list[Any]:
    if type(value) is not list:
        raise unprocessable(place, "wrong_type", "A list is needed.", "Send one.")
    return value


def _columns(body: dict[str, Any], fields: Fields, most: int) -> dict[str, list[Any]]:
    """Return the values of each input by its name, all of one length."""
    columns: dict[str, list[Any]] = {}
    kinds = {field.feature.name: datatype(field.feature.type) for field in fields.fields}
    rows = None
    for i, item in enumerate(_list(body["inputs"], "inputs")):
        place = f"inputs[{i}]"
        given = members(item, place, ("name", "datatype", "shape", "data"), ("parameters",))
        name = one_of(given["name"], f"{place}.name", tuple(kinds))
        if name in columns:
            raise unprocessable(f"{place}.name", "key_twice", "It is there twice.", "Drop one.")
        one_of(given["datatype"], f"{place}.datatype", (kinds[name],))
        shape, data = _list(given["shape"], f"{place}.shape"), _list(given["data"], f"{place}.data")
        size = whole(shape[0], f"{place}.shape", 1, most) if len(shape) == 1 else -1
        if size != len(data) or (rows is not None and size != rows):
            raise unprocessable(
                f"{place}.shape", "wrong_shape", "Every input has shape [rows], and as many data.",
                "Send flat data.",
            )  # fmt: skip
        if "parameters" in given:
            members(given["parameters"], f"{place}.parameters", ())
        rows, columns[name] = size, data
    return columns


def _subjects(body: dict[str, Any], rows: int) -> list[str | None]:
    """Return whose rows these are; None where nobody is named."""
    given = members(body.get("parameters", {}), "parameters", (), ("subjects",))
    if "subjects" not in given:
        return [None] * rows
    subjects = _list(given["subjects"], "parameters.subjects")
    if len(subjects) != rows:
        raise unprocessable(
            "parameters.subjects", "wrong_shape", "One a row is needed.", "Send null for nobody."
        )
    place = "parameters.subjects[{}]"
    return [
        None if one is None else text(one, place.format(i), MOST_SUBJECT)
        for i, one in enumerate(subjects)
    ]


def _wanted(body: dict[str, Any]) -> list[str]:
    if "outputs" not in body:
        return list(OUTPUTS)
    wanted = [
        one_of(
            members(item, f"outputs[{i}]", ("name",))["name"], f"outputs[{i}].name", tuple(OUTPUTS)
        )
        for i, item in enumerate(_list(body["outputs"], "outputs"))
    ]
    return list(dict.fromkeys(wanted)) or list(OUTPUTS)


def _output(name: str, scores: list[Score]) -> dict[str, Any]:
    data = [getattr(score, name) for score in scores]
    return {"name": name, "datatype": OUTPUTS[name], "shape": [len(data)], "data": data}
