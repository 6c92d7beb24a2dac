"""Which pages lie over one frame, for `check`: the frames that were seen, as sorted runs."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Callable
from typing import NamedTuple

from .formats import PAGE_SIZE


class Run(NamedTuple):
    """`pages` pages of 4 KiB that follow each other, with one set of attributes, over frames that do."""

    frame: int  # the first frame's number
    va: int
    attributes: int
    pages: int

    @property
    def end(self) -> int:
        return self.frame + self.pages

    def va_over(self, frame: int) -> int:
        return self.va + (frame - self.frame) * PAGE_SIZE


class AliasRuns:
    """Runs that share no frame, in the order of frames: of aliases the first that was added is kept.

    Without a limit: a debugger has room where a kernel has none.
    """

    def __init__(self) -> None:
        self._runs: list[Run] = []

    def overlaps(self, frame: int, count: int) -> bool:
        place = bisect_right(self._runs, frame, key=lambda run: run.frame)
        before = place > 0 and self._runs[place - 1].end > frame
        return before or (place < len(self._runs) and self._runs[place].frame < frame + count)

    def add(self, run: Run, alias: Callable[[int, int], None]) -> None:
        """Calls `alias(va, attributes)` for each part that lies over frames of an earlier run."""
        at = run.frame
        while at != run.end:
            place = bisect_right(self._runs, at, key=lambda known: known.frame)
            before = self._runs[place - 1] if place else None
            if before is not None and at < before.end:
                alias(before.va_over(at), before.attributes)
                at = min(run.end, before.end)
                continue
            end = run.end
            if place < len(self._runs):
                end = min(end, self._runs[place].frame)
            self._keep(place, Run(at, run.va_over(at), run.attributes, end - at))
            at = end

    def _keep(self, place: int, run: Run) -> None:
        before = self._runs[place - 1] if place else None
        if (
            before is not None
            and before.end == run.frame
            and before.attributes == run.attributes
            and before.va_over(run.frame) == run.va
        ):
            self._runs[place - 1] = before._replace(pages=before.pages + run.pages)
        else:
            insort(self._runs, run)
