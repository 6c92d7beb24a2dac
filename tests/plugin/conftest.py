"""Settings and shared pieces of the plugin's tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parents[2]

settings.register_profile(
    "pagelab", deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("pagelab")


@pytest.fixture(scope="session")
def formats_page() -> str:
    return (ROOT / "docs/formats.md").read_text(encoding="utf-8")
