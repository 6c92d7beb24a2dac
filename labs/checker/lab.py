"""The labs there are, and what each folder holds."""

from __future__ import annotations

import importlib.util
import tomllib
from dataclasses import dataclass
from pathlib import Path

from .checks import Check, Checks
from .image import LABS


@dataclass(frozen=True)
class Lab:
    """A folder of labs/: its number, its facts and where its parts are."""

    number: int
    folder: Path
    title: str
    minutes: int
    functions: tuple[str, ...]
    start: str

    @property
    def template(self) -> Path:
        """What a student begins with."""
        return self.folder / "template.c"

    def checks(self) -> list[Check]:
        """The lab's checks, in order."""
        spec = importlib.util.spec_from_file_location(
            f"lab{self.number}_checks", self.folder / "checks.py"
        )
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        checks = module.checks
        assert isinstance(checks, Checks)
        return checks.rows


def labs() -> dict[int, Lab]:
    """By number."""
    found = {}
    for path in sorted(LABS.glob("[0-9][0-9]-*/lab.toml")):
        folder = path.parent
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
        number = int(folder.name[:2])
        found[number] = Lab(
            number,
            folder,
            facts["title"],
            facts["minutes"],
            tuple(facts["functions"]),
            facts.get("start", ""),
        )
    return found
