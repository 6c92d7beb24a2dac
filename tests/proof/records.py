"""What tests counted, for docs/proof.md and the summary of scripts/test: a file for each record in the build folder, so
that a run replaces what the one before it said."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("PAGELAB_BUILD", ROOT / "build")) / "proof"


def record(kind: str, name: str, **facts: Any) -> None:
    """Keeps what a test counted; `name` tells it from others of its kind."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / (re.sub(r"[^\w.-]+", "-", f"{kind} {name}") + ".json")
    path.write_text(json.dumps({"kind": kind, "name": name, **facts}) + "\n", encoding="utf-8")


def read(kind: str, since: float = 0.0) -> list[dict[str, Any]]:
    """All of a kind, by name, that are not older than `since` (seconds of the epoch)."""
    paths = (path for path in FOLDER.glob("*.json") if path.stat().st_mtime >= since)
    found = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return sorted((one for one in found if one["kind"] == kind), key=lambda one: str(one["name"]))
