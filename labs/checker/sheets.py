"""Makes the sheets readable: one HTML file each with its figure inside, and a PDF of that.

python3 -m checker.sheets FOLDER [--pdf]; Debian's python3-markdown-it, and weasyprint for PDF.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

from .lab import Lab, labs

LICENSE = (
    "This sheet is part of pagelab and licensed under "
    '<a href="https://creativecommons.org/licenses/by/4.0/">CC BY 4.0</a>.'
)
STYLE = """
body { font: 11pt/1.45 "DejaVu Sans", sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
h1, h2 { line-height: 1.2 } h2 { margin-top: 1.6em }
pre { background: #f4f4f4; padding: .6em .8em; overflow-x: auto; white-space: pre-wrap; break-inside: avoid }
code { font-family: "DejaVu Sans Mono", monospace; font-size: 90% }
table { border-collapse: collapse; font-size: 90% } td, th { border: 1px solid #999; padding: .15em .6em }
svg, img { max-width: 100%; height: auto } footer { margin-top: 3em; font-size: 80%; color: #555 }
@page { size: A4; margin: 2cm } @media print { body { margin: 0; max-width: none } }
"""


def html(lab: Lab) -> str:
    """The sheet as one page that needs no other file."""
    from markdown_it import MarkdownIt  # only who makes pages needs it

    text = (lab.folder / "sheet.md").read_text(encoding="utf-8")
    body = MarkdownIt("commonmark").enable("table").render(text)

    def inline(match: re.Match[str]) -> str:
        figure = (lab.folder / match[1]).read_text(encoding="utf-8")
        return f'<figure role="img" aria-label="{match[2]}">{figure}</figure>'

    body = re.sub(r'<img src="([^"]+)" alt="([^"]*)" ?/>', inline, body)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Lab {lab.number}: {lab.title}</title>'
        f"<style>{STYLE}</style></head><body>{body}<footer>{LICENSE}</footer></body></html>\n"
    )


def main(arguments: list[str]) -> int:
    """Writes labN.html, and labN.pdf with --pdf, for every lab."""
    parser = argparse.ArgumentParser(prog="scripts/sheets", add_help=False)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pdf", action="store_true")
    options = parser.parse_args(arguments)
    options.folder.mkdir(parents=True, exist_ok=True)
    for lab in labs().values():
        page = options.folder / f"lab{lab.number}.html"
        page.write_text(html(lab), encoding="utf-8")
        print(page)
        if options.pdf:
            out = page.with_suffix(".pdf")
            subprocess.run(["weasyprint", "-q", str(page), str(out)], check=True)
            print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
