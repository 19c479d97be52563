"""The artifacts in use: loaded, verified, warmed, and replaced as a whole while requests go on."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from credit.runtime import Scorer, load
from credit.service.fields import Fields
from credit.service.options import ServiceOptions

logger = logging.getLogger("credit.service")

Stamp = tuple[tuple[str, int, int], ...]
"""Name, time of change and size of every file of an artifact."""


@dataclass(frozen=True, eq=False)
class Loaded:
    """What one request is answered with, from its first byte to its last.

    Attributes
    ----------
    champion : Scorer
    challenger : Scorer or None
    fields : Fields
        What a request may hold.
    """

    champion: Scorer
    challenger: Scorer | None
    fields: Fields


def warmed(path: Path, key: Path | None) -> Scorer:
    """Return the scorer of an artifact, after it has scored somebody unknown, with reasons.

    Parameters
    ----------
    path : Path
    key : Path or None
        PEM of the public key that must have signed it.

    Raises
    ------
    ArtifactError
        It cannot be loaded, or cannot score.
    """
    scorer = load(path, key=key)
    scorer.score_one({feature.name: None for feature in scorer.features}, reasons=1)
    return scorer


def stamp(path: Path) -> Stamp:
    """Return what changes when an artifact's files do; empty while there is none."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        return tuple((f.name, f.stat().st_mtime_ns, f.stat().st_size) for f in files)
    except OSError:
        return ()


class Live:
    """Holds what is in use, and looks for what is to come.

    Parameters
    ----------
    options : ServiceOptions
        Name the artifacts, and the key that must have signed them.
    reloaded : callable
        Told ``"done"`` or ``"refused"`` after each try.
    """

    def __init__(self, options: ServiceOptions, reloaded: Callable[[str], None]) -> None:
        self._paths = options.artifact, options.challenger
        self._key, self._reloaded = options.signed_by, reloaded
        self._one_at_a_time = asyncio.Lock()
        self._stamps = self._look()
        self.now = self._load()

    def _look(self) -> tuple[Stamp, ...]:
        return tuple(stamp(path) for path in self._paths if path is not None)

    def _load(self) -> Loaded:
        first, second = self._paths
        champion = warmed(first, self._key)
        challenger = None if second is None else warmed(second, self._key)
        return Loaded(champion, challenger, Fields(champion, challenger))

    async def watch(self, seconds: float) -> None:
        """Reload whenever a file has changed; for ever."""
        while True:
            await asyncio.sleep(seconds)
            if await asyncio.to_thread(self._look) != self._stamps:
                await self.reload()

    async def reload(self) -> bool:
        """Load what is there now and put it in use; a bad artifact is refused, the old goes on.

        Requests that have begun end with what they began with.
        """
        async with self._one_at_a_time:
            self._stamps = await asyncio.to_thread(self._look)
            try:
                self.now = await asyncio.to_thread(self._load)
            except Exception as error:  # whatever it is, the old one goes on
                logger.error("artifact refused, the old one goes on: %s", error)  # noqa: TRY400
                self._reloaded("refused")
                return False
            self._reloaded("done")
            logger.info("artifact in use: %s", self.now.champion.sha256)
            return True
