"""How a guest is reached: over TCP, and by a user without any privilege, who shares nothing with QEMU but its port."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

import live
from conftest import ROOT

pytestmark = pytest.mark.skipif(
    bool(live.missing_tools()), reason=f"not installed: {' '.join(live.missing_tools())}"
)

NOBODY = 65534


@pytest.fixture(name="port", scope="module")
def fixture_port() -> Iterator[int]:
    """The TCP port of this host, one that was free, at which a guest's stub listens."""
    with live.private_directory() as directory, socket.create_server(("127.0.0.1", 0)) as server:
        image = live.build(directory, "changing")
        said = directory / "said"
        command = ["qemu-system-i386", "-accel", "tcg", "-m", "16M", "-display", "none"]
        command += ["-nodefaults", "-no-user-config", "-kernel", os.fspath(image)]
        command += ["-chardev", f"socket,fd={server.fileno()},server=on,wait=off,id=g"]
        command += ["-chardev", f"file,path={said},id=c", "-device", "isa-debugcon,chardev=c"]
        guest = subprocess.Popen(
            [*command, "-gdb", "chardev:g"],
            stdin=subprocess.DEVNULL,
            pass_fds=(server.fileno(),),
        )
        try:
            live.wait_until(lambda: said.exists() and said.read_bytes() == b"E")
            yield server.getsockname()[1]
        finally:
            guest.kill()
            guest.wait()


@pytest.fixture(name="copy")
def fixture_copy() -> Iterator[Path]:
    """The plugin's folder where everybody may read it and nobody may write."""
    with tempfile.TemporaryDirectory(prefix="pagelab-") as name:
        folder = Path(name) / "gdb-plugin"
        shutil.copytree(ROOT / "gdb-plugin", folder, ignore=shutil.ignore_patterns("__pycache__"))
        for path in (Path(name), *Path(name).rglob("*")):
            path.chmod(0o555 if path.is_dir() else 0o444)
        yield folder
        for path in (Path(name), *(path for path in Path(name).rglob("*") if path.is_dir())):
            path.chmod(0o755)


def test_over_tcp_as_a_user_without_privileges(port: int, copy: Path) -> None:
    words = [f"source {copy}/pagelab.py", f"target remote 127.0.0.1:{port}", "python import os"]
    words += ["python print('uid', os.getuid())", "pagewalk 0x10000234 --json", "pagemap --json"]
    words += ["pagelab preflight --on --json", "detach"]
    command = ["gdb", "-nx", "-batch"] + [part for word in words for part in ("-ex", word)]
    privileged = os.getuid() == 0
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=live.DEADLINE,
        cwd="/",
        env={**os.environ, "LC_ALL": "C", "HOME": "/nonexistent", "DEBUGINFOD_URLS": ""},
        user=NOBODY if privileged else None,
        group=NOBODY if privileged else None,
        extra_groups=[] if privileged else None,
        check=False,
    )
    assert f"uid {NOBODY if privileged else os.getuid()}" in done.stdout, done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert [record["pa"] for record in records if record["record"] == "walk"] == ["0x00304234"]
    kinds = {record["record"] for record in records}
    assert {"walk", "region"} <= kinds and "error" not in kinds, done.stdout
