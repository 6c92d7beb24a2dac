"""docs/records.schema.json is the form of every record: the vectors meet it, and so does each example of the docs."""

import json
from pathlib import Path

import jsonschema
import pytest

ROOT = Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "docs" / "records.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def kinds() -> list[str]:
    return [reference["$ref"].rsplit("/", 1)[1] for reference in SCHEMA["oneOf"]]


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert len(kinds()) == len(set(kinds())) == 22


@pytest.mark.parametrize("kind", kinds())
def test_every_kind_is_described_in_the_formats_page(kind: str) -> None:
    assert f'{{"record":"{kind}","v":1' in (ROOT / "docs" / "formats.md").read_text(
        encoding="utf-8"
    )


def test_the_vectors_meet_the_schema() -> None:
    lines = (
        (ROOT / "tests" / "vectors" / "walk-32bit.jsonl").read_text(encoding="utf-8").splitlines()
    )
    for line in lines[:: max(1, len(lines) // 200)]:
        VALIDATOR.validate(json.loads(line)["expect"])


def test_a_record_with_a_missing_or_foreign_key_is_refused() -> None:
    record = {"record": "error", "v": 1, "text": "x"}
    VALIDATOR.validate(record)
    for wrong in ({**record, "more": 1}, {"record": "error", "v": 1}, {**record, "v": 2}):
        assert not VALIDATOR.is_valid(wrong)
