"""The edge to the debugger: the only package that imports gdb.

Sourcing it registers commands and functions; nothing is read from the guest before one is used.
"""

from __future__ import annotations


def register() -> None:
    """Registers everything under the prefix `pagelab`, and the short names that nobody else has."""
    from . import commands, functions, names

    commands.register()
    names.register(functions.register())
