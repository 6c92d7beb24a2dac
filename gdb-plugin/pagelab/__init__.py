"""pagelab: x86 page tables read, walked, listed and put into words.

Everything here is pure Python that never imports gdb and runs under any Python 3.9; only the
package `pagelab.gdbio` knows the debugger. docs/formats.md is the contract for all that is printed.
"""

from __future__ import annotations


class PagelabError(Exception):
    """What the user can do something about: one clear line, never a stack trace."""
