"""The plugin sourced by a script of the user's own, as a `.gdbinit.py` does it."""

from __future__ import annotations

from pathlib import Path

import pytest

import live

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)


def test_a_python_script_may_source_it(tmp_path: Path) -> None:
    script = tmp_path / "init.py"
    script.write_text(f'import gdb\ngdb.execute("source {live.PLUGIN}")\n', encoding="utf-8")
    lines = live.run_gdb(None, f"source {script}", "complete pagelab wal").splitlines()
    assert lines == ["pagelab walk"]
