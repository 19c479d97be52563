"""A pipeline file: one TOML file is one experiment. Unknown keys are errors.

A path, a date, a seed and a default of the experiment appear here and nowhere else.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from credit import policy as policies
from credit.errors import ConfigError, nearest
from credit.pipeline.sections import (
    ConsentSection,
    EconomicsSection,
    FairnessSection,
    GovernanceSection,
    InfluenceSection,
    RejectSection,
    Section,
)
from credit.pipeline.source_sections import EngineSection, SourceSection, TableSection, UseSection
from credit.schema import TABLES
from credit.use import SCORING

if TYPE_CHECKING:
    from credit.boost import BoostOptions

Published = Literal["berka", "credit_card_approval", "taiwan", "german"]


class FeaturesSection(Section):
    """Which features to build: glob patterns over names or ``dimension:<name>``.

    ``file`` is a TOML file of features of one's own (`credit.features.own`), relative to the
    working directory; they are offered with the built-in ones.

    ``audit`` also offers facts kept out of models (sex, age), for comparison with figures that
    used them. ``keep`` names near duplicates that must both stay.
    """

    audit: bool = False
    file: str | None = None
    include: list[str] = Field(default_factory=lambda: ["*"])
    exclude: list[str] = Field(default_factory=list)
    max_correlation: float = Field(default=0.95, gt=0, le=1)
    keep: list[str] = Field(default_factory=list)


class OutcomeSection(Section):
    """What bad means: days past due on the application's loan, or an outcome as given."""

    kind: Literal["days_past_due", "given"] = "days_past_due"
    days: int = Field(default=90, ge=1)
    within_months: int = Field(default=12, ge=1)
    indeterminate_from: int = Field(default=30, ge=1)
    observed_until: date | None = None


class SplitSection(Section):
    """Out of time with embargo, or repeated stratified folds where there is no time.

    ``by = "person"`` keeps all applications of a person on one side.
    """

    kind: Literal["out_of_time", "repeated_folds"]
    test_from: date | None = None
    test_until: date | None = None
    validation_share: float = Field(default=0.2, gt=0, lt=0.5)
    by: Literal["person", "application"] = "person"
    folds: int = Field(default=2, ge=2)
    repeats: int = Field(default=5, ge=1)

    @model_validator(mode="after")
    def _dates(self) -> SplitSection:
        if self.kind == "out_of_time" and self.test_from is None:
            raise ValueError("an out_of_time split needs test_from")
        return self


class ScorecardSection(Section):
    """Limits of the scorecard's bins."""

    max_bins: int = Field(default=6, ge=2, le=32)
    min_share: float = Field(default=0.02, gt=0, lt=0.5)


class BoostSection(Section):
    """The boosted model: how many Optuna trials, how many seeds averaged, on how many threads.

    ``bad_weight`` and ``recalibrate`` are those of `credit.boost.BoostOptions`.
    """

    trials: int = Field(default=8, ge=0)
    timeout_seconds: float | None = Field(default=None, gt=0)
    seeds: int = Field(default=3, ge=1)
    threads: int = Field(default=1, ge=0)
    bad_weight: float = 1.0
    recalibrate: bool = False

    @model_validator(mode="after")
    def _allowed(self) -> BoostSection:
        self.options()
        return self

    def options(self) -> BoostOptions:
        """Return the model's options before any is tuned."""
        from credit.boost import BoostOptions

        return BoostOptions(
            seeds=self.seeds,
            threads=self.threads,
            bad_weight=self.bad_weight,
            recalibrate=self.recalibrate,
        )


class ModelsSection(Section):
    """Which models to train: of those that can be exported, the ones that have a section.

    A file without any ``[models]`` trains all. ``blend`` adds the sum of the default card and
    the boosted trees, taken where it wins significantly (`credit.blend`).
    """

    policy_card: bool = True
    blend: bool = False
    scorecard: ScorecardSection | None = None
    xgboost: BoostSection | None = None

    @model_validator(mode="after")
    def _some(self) -> ModelsSection:
        if self.scorecard is None and self.xgboost is None:
            raise ValueError(
                "no model to export: give it a section [models.scorecard] or [models.xgboost], "
                "or leave [models] out to train both"
            )
        if self.blend and self.xgboost is None:
            raise ValueError("blend = true needs boosted trees: give it [models.xgboost]")
        return self


class ComparisonSection(Section):
    """Several sets of features on the same rows and folds, with paired intervals.

    ``where`` names a 0/1 column of the applications; ``include_immature`` takes outcomes as
    the source states them, whether or not their window has closed; ``audit`` offers facts kept
    out of models. With ``test_from`` there is one split in time instead of folds; without
    ``embargo`` outcomes count that were not known yet when the test begins (hindsight).
    """

    name: str
    sets: dict[str, list[str]]
    where: str | None = None
    include_immature: bool = False
    audit: bool = False
    test_from: date | None = None
    embargo: bool = True
    model: Literal["scorecard", "xgboost"] = "xgboost"
    by: Literal["person", "application"] = "person"
    folds: int = Field(default=5, ge=2)
    repeats: int = Field(default=5, ge=1)


class TrackingSection(Section):
    """MLflow: where runs go. Paths are relative to the working directory."""

    enabled: bool = True
    database: str = "mlruns/mlflow.db"
    artifacts: str = "mlruns/artifacts"
    register_model: bool = True


class Pipeline(Section):
    """A whole experiment.

    ``purpose`` is what the features are for; ``uses`` say, by ``table`` or ``table.column``,
    what data are held for and for how long, where it differs from the contract; ``built_on`` is
    the day of the build, by default today. ``where`` names a 0/1 column of the applications: the
    rows the experiment is about.
    ``policy`` names a policy file, or several joined by ``+`` (`credit.policy.load`); what it does
    not state, the one shipped as ``weilidai`` does. ``policy_date`` is the day whose policy values
    hold; by default that of the last application. Data older than the policy must name one.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=100)
    description: str = ""
    seed: int = 7
    zone: str = "Asia/Shanghai"
    policy: str = "weilidai"
    policy_date: date | None = None
    purpose: str = SCORING
    built_on: date | None = None
    where: str | None = None
    output: str = "runs"
    source: SourceSection
    uses: dict[str, UseSection] = Field(default_factory=dict)
    tables: dict[str, TableSection] = Field(default_factory=dict)
    features: FeaturesSection = FeaturesSection()
    outcome: OutcomeSection = OutcomeSection()
    split: SplitSection
    models: ModelsSection = ModelsSection(scorecard=ScorecardSection(), xgboost=BoostSection())
    comparisons: list[ComparisonSection] = Field(default_factory=list)
    economics: EconomicsSection | None = None
    fairness: FairnessSection | None = None
    consent: ConsentSection | None = None
    influences: list[InfluenceSection] = Field(default_factory=list)
    reject: RejectSection | None = None
    governance: GovernanceSection = GovernanceSection()
    engine: EngineSection = EngineSection()
    tracking: TrackingSection = TrackingSection()

    @model_validator(mode="after")
    def _tables(self) -> Pipeline:
        for name in self.tables:
            if name not in TABLES:
                raise ValueError(f"[tables.{name}]: no such table.{nearest(name, TABLES)}")
        if self.source.kind == "tables" and not self.tables:
            raise ValueError('source kind "tables" needs at least one [tables.<name>] section')
        return self

    def figures(self) -> policies.Policy:
        """Return the policy of this experiment, whole: its name and hash say all of its files."""
        return policies.load(self.policy, base="weilidai")

    def resolved(self) -> dict[str, Any]:
        """Return the whole experiment as plain data, defaults filled in."""
        return self.model_dump(mode="json")

    @property
    def sha256(self) -> str:
        """Hash of the resolved experiment: it names the run."""
        return hashlib.sha256(json.dumps(self.resolved(), sort_keys=True).encode()).hexdigest()


def microseconds(day: date) -> int:
    """Return midnight UTC of a day as microseconds since 1970."""
    moment = datetime.combine(day, time(), tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000


def _known_keys(model: type[BaseModel], location: tuple[int | str, ...]) -> list[str]:
    """Return the keys a section takes, following an error's location into the file."""
    for part in location[:-1]:
        field = model.model_fields.get(str(part))
        if field is None:
            continue
        candidates = [field.annotation, *getattr(field.annotation, "__args__", ())]
        inner = [c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)]
        if inner:
            model = inner[0]
    return sorted(model.model_fields)


def _sentences(error: ValidationError, path: str) -> str:
    lines = []
    for problem in error.errors():
        location = tuple(problem["loc"])
        key = ".".join(str(part) for part in location) or "the file"
        if problem["type"] == "extra_forbidden":
            known = _known_keys(Pipeline, location)
            lines.append(
                f"{path}: unknown key {key!r}.{nearest(str(location[-1]), known)} "
                f"Known keys there: {known}."
            )
        else:
            lines.append(f"{path}: {key}: {problem['msg']} (got {problem.get('input')!r}).")
    return "\n".join(lines)


def load(path: Path, overrides: dict[str, dict[str, Any]] | None = None) -> Pipeline:
    """Read a pipeline file; ``overrides`` replace single keys of its sections.

    Raises
    ------
    ConfigError
        If the file cannot be read, is not TOML, has an unknown key (the nearest known one is
        named) or a value out of range. All problems are reported together.
    """
    if not path.is_file():
        raise ConfigError(f"pipeline file {str(path)!r} does not exist.")
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not a TOML file: {error}.") from error
    for section, values in (overrides or {}).items():
        given = {key: value for key, value in values.items() if value is not None}
        if section and isinstance(raw.get(section, {}), dict):
            raw[section] = {**raw.get(section, {}), **given}
        else:
            raw.update(given)
    try:
        return Pipeline.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(_sentences(error, str(path))) from error
