"""Fixtures shared by all tests."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    from experiment import Finished
    from pyspark.sql import SparkSession
    from xdist.remote import Producer

# The same examples every time, however slow the machine: a failure can be repeated.
settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("project")

REPOSITORY = Path(__file__).resolve().parent.parent


EXPERIMENT = (
    "cli", "pack", "pages", "policy_weights", "refused", "runs", "source_worth", "track", "train",
)  # fmt: skip
"""Files whose tests look at the one experiment that a worker runs for all of them."""


def group_of(nodeid: str) -> str:
    """Return what keeps tests together: their file, or something made once for several."""
    file = Path(nodeid.split("::", maxsplit=1)[0])
    if "spark" in nodeid:
        return "spark"
    if file.stem.startswith("test_federated"):
        return "federated"  # one process imports the libraries of all parties
    return "experiment" if file.stem.removeprefix("test_") in EXPERIMENT else file.name


class ByGroup(LoadScopeScheduling):
    """A group's tests on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByGroup:
    """Let xdist hand out tests by :class:`ByGroup`: its own groups are lost on pytest 9.2."""
    return ByGroup(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, so that no worker is left with it alone at the end."""
    size = Counter(group_of(item.nodeid) for item in items) + Counter(
        {"spark": 2 * len(items), "experiment": len(items)}
    )
    items.sort(key=lambda item: -size[group_of(item.nodeid)])


@pytest.fixture(scope="session")
def data_dir() -> Callable[[str], Path]:
    """Return a function from a data set's name to its folder; it skips where that is absent."""
    root = Path(os.environ.get("CREDIT_DATA", REPOSITORY.parent / "shared" / "data"))

    def find(name: str) -> Path:
        folder = root / name
        if not folder.is_dir():
            pytest.skip(f"the published data set {name!r} is not in {root}; see `credit data list`")
        return folder

    return find


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-golden",
        action="store_true",
        help="write tests/golden anew from what the tests compute; then read the difference",
    )


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Return a function that compares a text with the file of this name in tests/golden."""

    def compare(name: str, text: str) -> None:
        path = REPOSITORY / "tests" / "golden" / name
        if request.config.getoption("--update-golden"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        kept = path.read_text(encoding="utf-8") if path.exists() else None
        assert text == kept, (
            f"tests/golden/{name} is not what is computed now. If the change is meant, run pytest "
            "with --update-golden and commit the difference."
        )

    return compare


@pytest.fixture(scope="session")
def small_world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a generated world of 3,000 people, made once a session."""
    from credit.world import WorldOptions, generate

    folder = tmp_path_factory.mktemp("world") / "small"
    generate(folder, WorldOptions(people=3_000, seed=11))
    return folder


@pytest.fixture(scope="session")
def experiment(tmp_path_factory: pytest.TempPathFactory) -> Finished:
    """Return a finished experiment on a generated world of 1,500 people, made once a session."""
    from experiment import run_in

    return run_in(tmp_path_factory.mktemp("experiment"))


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Return the one Spark session, started by the first test that asks; skips without Java."""
    pytest.importorskip("pyspark")
    from spark_tables import start

    from credit.engine.spark import java_lacking

    if reason := java_lacking():
        pytest.skip(reason)
    session = start(tmp_path_factory.mktemp("spark"))
    yield session
    session.stop()
