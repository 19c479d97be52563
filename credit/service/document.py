"""The OpenAPI document: written from the manifest in use, so it says of each feature what holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from credit import __version__
from credit.runtime.scorer import LANGUAGES
from credit.service.asked import MOST_REASONS, MOST_SUBJECT, REASONS
from credit.service.events import MOST_INSTANT, RowMaker, events_schema
from credit.service.fields import MOST_CHARACTERS, Field, Fields
from credit.service.gate import Way
from credit.service.live import Loaded
from credit.service.options import ServiceOptions
from credit.service.protocol import MODEL, OUTPUTS, datatype

Schema = dict[str, Any]

REFUSALS: Mapping[int, str] = {
    400: "Not strict JSON, or a request id that is none.",
    401: "No API key, or a wrong one.",
    404: "No such way, or no such model.",
    405: "Another method is needed.",
    408: "The body took too long.",
    413: "The body is too large.",
    415: "Not application/json.",
    422: "A field is missing, unknown, or not what it must be; it is named, its value is not.",
    500: "The service failed.",
    503: "The answer could not be logged, so it is not given.",
}
"""Every status that is no answer, and what it means."""


def document(
    ways: Sequence[Way], loaded: Loaded, options: ServiceOptions, maker: RowMaker | None
) -> Schema:
    """Return the OpenAPI 3.1 document of a service.

    Parameters
    ----------
    ways : sequence of Way
    loaded : Loaded
        Whose features it describes.
    options : ServiceOptions
        Whose limits it states.
    maker : RowMaker or None
        Whose events may be scored.
    """
    schemas = {
        "Error": error_schema(),
        "Features": features_schema(loaded.fields),
        **scoring_schemas(options.max_rows),
        **protocol_schemas(loaded.fields, options.max_rows),
    }
    if maker is not None:
        schemas |= person_schemas(loaded.fields, maker)
    found: Schema = {
        "openapi": "3.1.0",
        "info": {
            "title": "credit",
            "version": __version__,
            "description": f"Scores by the artifact {loaded.champion.sha256} "
            f"({loaded.champion.kind}).",
        },
        "paths": _paths(ways, has_keys=bool(options.api_keys)),
        "components": {"schemas": schemas},
    }
    if options.api_keys:
        found["components"]["securitySchemes"] = {
            "key": {"type": "apiKey", "in": "header", "name": "x-api-key"},
            "bearer": {"type": "http", "scheme": "bearer"},
        }
    return found


def _paths(ways: Sequence[Way], *, has_keys: bool) -> Schema:
    paths: Schema = {}
    for way in ways:
        operation: Schema = {
            "operationId": (way.handler.__name__ + way.path).translate(_PLAIN),
            "summary": (way.handler.__doc__ or "").split("\n")[0],
            "responses": _responses(way),
            "parameters": [_REQUEST_ID],
        }
        if "{name}" in way.path:
            operation["parameters"] = [_REQUEST_ID, _MODEL_NAME]
        if way.asks is not None:
            operation["requestBody"] = {"required": True, "content": _json(way.asks)}
        if has_keys and not way.is_open:
            operation["security"] = [{"key": []}, {"bearer": []}]
        paths.setdefault(way.path, {})[way.method.lower()] = operation
    return paths


_PLAIN = str.maketrans("/{}.", "____")

_REQUEST_ID: Schema = {
    "name": "x-request-id", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
}  # fmt: skip

_MODEL_NAME: Schema = {
    "name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": [MODEL]},
}  # fmt: skip


_MANNER: Schema = {
    "reasons": {"type": "integer", "minimum": 0, "maximum": MOST_REASONS, "default": REASONS},
    "language": {"enum": list(LANGUAGES), "default": "en"},
}


def _json(schema: str) -> Schema:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}}


def _responses(way: Way) -> Schema:
    content = {"text/plain": {"schema": {"type": "string"}}}
    if way.answers is not None:
        content = _json(way.answers)
    elif way.content_type == "application/json":
        content = {"application/json": {"schema": {"type": "object"}}}
    headers = {"x-request-id": {"schema": {"type": "string"}}}
    found: Schema = {"200": {"description": "Done.", "content": content, "headers": headers}}
    for status, words in REFUSALS.items():
        found[str(status)] = {"description": words, "content": _json("Error"), "headers": headers}
    return found


def _closed(properties: Schema, *, optional: Sequence[str] = (), **more: Any) -> Schema:
    """Return the schema of an object that has these members and no other."""
    required = [name for name in properties if name not in optional]
    return {
        "type": "object", "properties": properties, "required": required,
        "additionalProperties": False, **more,
    }  # fmt: skip


def error_schema() -> Schema:
    """Return the one shape of every error."""
    text = {"type": "string"}
    return _closed(
        {
            "error": text,
            "field": {"type": ["string", "null"]},
            "rule": text,
            "way_out": text,
            "request_id": text,
        }
    )


def features_schema(fields: Fields) -> Schema:
    """Return what ``features`` may hold."""
    properties = {field.feature.name: feature_schema(field) for field in fields.fields}
    plain = {"type": ["string", "number", "boolean", "null"], "description": "Not read."}
    properties |= dict.fromkeys(sorted(fields.unused), plain)
    return _closed(properties, optional=[*fields.extras, *fields.unused])


def feature_schema(field: Field) -> Schema:
    """Return what one feature may be: type, range or names, unit, what null says."""
    feature = field.feature
    described: Schema = {
        "description": f"{feature.dimension}; unit: {feature.unit}; null: {feature.null_means}"
    }
    codes = sorted(feature.special_codes, key=str)
    if field.is_number:
        ranged = {"type": ["number", "null"], "minimum": field.low, "maximum": field.high}
        outside = [
            code
            for code in codes
            if code in field.codes and not field.low <= float(code) <= field.high
        ]
        if outside:
            return {"anyOf": [ranged, {"enum": outside}], **described}
        return {**ranged, **described}
    if feature.unknown_category == "refuse":
        return {"enum": [*sorted(field.names), None], **described}
    return {
        "type": ["string", "null"], "maxLength": MOST_CHARACTERS,
        "examples": sorted(field.names)[:20], **described,
    }  # fmt: skip


def scoring_schemas(most_rows: int) -> Schema:
    """Return what ``/v1/score`` and ``/v1/explain`` take and give."""
    subject = {
        "type": ["string", "null"], "minLength": 1, "maxLength": MOST_SUBJECT,
        "description": "Whose features they are: what the decision log can be asked to erase by.",
    }  # fmt: skip
    features = {"$ref": "#/components/schemas/Features"}
    row = _closed({"features": features, "subject": subject}, optional=["subject"])
    one = _closed(
        {"features": features, "subject": subject, **_MANNER},
        optional=["subject", *_MANNER],
    )
    rows = {"type": "array", "items": row, "minItems": 1, "maxItems": most_rows}
    number, text = {"type": "number"}, {"type": "string"}
    result = {
        "probability": {"type": "number", "minimum": 0, "maximum": 1},
        "points": {"type": "integer"},
        "grade": text,
        "reasons": {
            "type": "array",
            "items": _closed({"feature": text, "dimension": text, "text": text, "excess": number}),
        },
        "warnings": {"type": "array", "items": _closed({"field": text, "rule": text})},
    }
    head = {"request_id": text, "artifact": text, "engine": text}
    parts = {"type": "object", "additionalProperties": number}
    return {
        "One": one,
        "Many": _closed({"rows": rows, **_MANNER}, optional=list(_MANNER)),
        "OneOrMany": {
            "anyOf": [{"$ref": "#/components/schemas/One"}, {"$ref": "#/components/schemas/Many"}]
        },
        "Score": _closed({**head, **result}),
        "PersonScore": _closed({**head, **result, "features": {"type": "object"}}),
        "Scores": _closed({**head, "results": {"type": "array", "items": _closed(result)}}),
        "ScoreOrScores": {
            "anyOf": [
                {"$ref": "#/components/schemas/Score"},
                {"$ref": "#/components/schemas/Scores"},
            ]
        },
        "Explanation": _closed(
            {
                **head,
                **result,
                "margin": number,
                "base": number,
                "contributions": parts,
                "reference_contributions": parts,
            }
        ),
    }


def person_schemas(fields: Fields, maker: RowMaker) -> Schema:
    """Return what ``/v1/score/events`` takes and gives."""
    made = maker.makes([field.feature.name for field in fields.fields if field.required])
    others = [field for field in fields.fields if field.feature.name not in made]
    given = _closed(
        {field.feature.name: feature_schema(field) for field in others},
        optional=[field.feature.name for field in others if not field.required],
        description="What a person's own events do not give.",
    )
    needed = any(field.required for field in others)
    return {
        "Person": _closed(
            {
                "subject": {"type": "string", "minLength": 1, "maxLength": MOST_SUBJECT},
                "as_of": {
                    "type": "integer", "minimum": 0, "maximum": MOST_INSTANT,
                    "description": "Microseconds since 1970 UTC.",
                },
                "events": events_schema(maker),
                "features": given,
                **_MANNER,
            },
            optional=[*_MANNER, *([] if needed else ["features"])],
        )
    }  # fmt: skip


def protocol_schemas(fields: Fields, most_rows: int) -> Schema:
    """Return what the Open Inference Protocol's infer takes and gives."""
    text = {"type": "string"}
    shape = {
        "type": "array", "minItems": 1, "maxItems": 1,
        "items": {"type": "integer", "minimum": 1, "maximum": most_rows},
    }  # fmt: skip
    nothing = {"type": "object", "additionalProperties": False}
    inputs = [
        _closed(
            {
                "name": {"const": field.feature.name},
                "datatype": {"const": datatype(field.feature.type)},
                "shape": shape,
                "data": {
                    "type": "array", "minItems": 1, "maxItems": most_rows,
                    "items": feature_schema(field),
                },
                "parameters": nothing,
            },
            optional=["parameters"],
        )
        for field in fields.fields
    ]  # fmt: skip
    subject = {"type": ["string", "null"], "minLength": 1, "maxLength": MOST_SUBJECT}
    subjects = _closed({"subjects": {"type": "array", "items": subject}}, optional=["subjects"])
    output = _closed({"name": {"enum": list(OUTPUTS)}})
    return {
        "Inference": _closed(
            {
                "id": {"type": "string", "minLength": 1, "maxLength": MOST_SUBJECT},
                "parameters": subjects,
                "inputs": {
                    "type": "array", "items": {"anyOf": inputs}, "minItems": fields.needed,
                    "description": "Each feature once, all of one length.",
                },
                "outputs": {"type": "array", "items": output},
            },
            optional=["id", "parameters", "outputs"],
        ),
        "Inferred": _closed(
            {
                "model_name": text,
                "model_version": text,
                "id": text,
                "outputs": {
                    "type": "array",
                    "items": _closed(
                        {
                            "name": text,
                            "datatype": text,
                            "shape": {"type": "array", "items": {"type": "integer"}},
                            "data": {"type": "array"},
                        }
                    ),
                },
            }
        ),
    }  # fmt: skip
