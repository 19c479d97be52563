"""The written format: schemas that the golden artifacts keep, and a scorer in another language."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY
from golden_artifacts import REASONS, Golden, golden
from jsonschema import Draft202012Validator, ValidationError
from referencing import Registry, Resource

from credit import runtime
from credit.explain import Lever, RecoursePlan
from credit.feature import Action
from credit.runtime.load import FORMAT, MODEL_FILES

DOCS = REPOSITORY / "docs"
KINDS = pytest.mark.parametrize("kept", golden(), ids=lambda one: one.name)


def schemas() -> dict[str, Any]:
    return {
        path.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((DOCS / "schemas").glob("*.schema.json"))
    }


def validator(name: str) -> Draft202012Validator:
    found = schemas()
    resources = [(schema["$id"], Resource.from_contents(schema)) for schema in found.values()]
    return Draft202012Validator(
        found[f"{name}.schema.json"], registry=Registry().with_resources(resources)
    )


def documents(kept: Golden) -> dict[str, Any]:
    """Return schema name -> document of every file that has a schema."""
    kind = runtime.load(kept.folder).kind
    names = ["manifest", MODEL_FILES[kind].removesuffix(".json"), "reasons", "reference"]
    return {
        name: json.loads((kept.folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in names
    }


def test_every_schema_is_one() -> None:
    found = schemas()
    assert len(found) == 8
    for schema in found.values():
        Draft202012Validator.check_schema(schema)


@KINDS
def test_golden_artifacts_keep_the_schemas(kept: Golden) -> None:
    for name, document in documents(kept).items():
        validator(name).validate(document)


def test_a_plan_of_recourse_keeps_its_schema() -> None:
    act = Action(group="bills", direction="raise", en="Pay {value} bills", zh="{value}")
    lever = Lever(feature="bills", unit="count", action=act, quantiles=(0.0, 2.0))
    plan = RecoursePlan(cutoff=0.1, levers=(lever,)).to_dict()
    validator("recourse").validate(json.loads(json.dumps(plan)))
    with pytest.raises(ValidationError):
        validator("recourse").validate({**plan, "cutoff": 1})


@KINDS
def test_schemas_refuse_what_the_runtime_refuses(kept: Golden) -> None:
    """A key too many, a key too few, another type: at the top of each document."""
    for name, document in documents(kept).items():
        some = next(key for key in document if key != "metrics")
        for changed in (
            {**document, "surplus": 1},
            {key: value for key, value in document.items() if key != some},
            {**document, some: None},
        ):
            with pytest.raises(ValidationError):
                validator(name).validate(changed)


@KINDS
def test_javascript_reproduces_the_golden_scores(kept: Golden, tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, so the example in docs/examples cannot run")
    rows = tmp_path / "rows.json"
    rows.write_text(json.dumps(kept.columns), encoding="utf-8")
    done = subprocess.run(
        [node, str(DOCS / "examples" / "score.mjs"), str(kept.folder), str(rows)],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    found, expected = json.loads(done.stdout), kept.expected
    assert [row["points"] for row in found] == expected["points"]
    assert [row["grade"] for row in found] == expected["grade"]
    for name in ("margin", "probability"):
        assert [row[name] for row in found] == pytest.approx(expected[name], rel=0, abs=1e-12)
    assert [[r["feature"] for r in row["reasons"]] for row in found] == expected["reasons"]
    excess = [r["excess"] for row in found for r in row["reasons"]]
    assert excess == pytest.approx([e for row in expected["excess"] for e in row], abs=1e-12)
    assert max(len(row) for row in expected["reasons"]) <= REASONS


def test_javascript_refuses_a_changed_byte(tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed, so the example in docs/examples cannot run")
    kept = golden()[0]
    folder = shutil.copytree(kept.folder, tmp_path / "a")
    path = folder / "reasons.json"
    path.write_bytes(path.read_bytes().replace(b"income", b"outcome", 1))
    (tmp_path / "rows.json").write_text(json.dumps(kept.columns), encoding="utf-8")
    done = subprocess.run(
        [node, str(DOCS / "examples" / "score.mjs"), str(folder), str(tmp_path / "rows.json")],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode != 0
    assert "reasons.json was changed" in done.stderr


def test_the_page_is_of_this_format() -> None:
    page = (DOCS / "artifact.md").read_text(encoding="utf-8")
    assert page.startswith(f"# The artifact, format {FORMAT}\n")
