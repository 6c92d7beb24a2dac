"""The answers in a student's file: a comment with a line `Q1:` for each question of the sheet. Pure."""

from __future__ import annotations

import re

_QUESTION = re.compile(r"^[\s*/]*(Q\d+):(.*)$")


def read(text: str) -> dict[str, str]:
    """By question; empty where nothing is written."""
    found: dict[str, str] = {}
    current = None
    for line in text.lstrip("\ufeff").splitlines():
        match = _QUESTION.match(line)
        if match:
            current = match[1]
            found[current] = match[2].strip(" */\t")
        elif current is not None and line.lstrip().startswith("*"):
            found[current] = f"{found[current]} {line.strip(' */')}".strip()
        else:
            current = None
        if "*/" in line:
            current = None
    return found


def missing(text: str) -> list[str]:
    """The questions without an answer."""
    return [question for question, answer in read(text).items() if not answer]
