"""Source this file in GDB: `source /path/to/gdb-plugin/pagelab.py`. It needs only its own folder."""

import os
import sys


def _load():
    # Not __file__, which GDB sets only for its own `source`: sourced by a script, this file knows its name too.
    here = os.path.dirname(os.path.realpath(os.path.expanduser(_load.__code__.co_filename)))
    # Sourced again, perhaps from another copy: what is there now must be what runs.
    for name in [name for name in sys.modules if name.split(".")[0] == "pagelab"]:
        del sys.modules[name]
    sys.path[:] = [here] + [entry for entry in sys.path if entry != here]
    from pagelab import gdbio

    gdbio.register()


_load()
del _load
