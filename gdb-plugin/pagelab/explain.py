"""How a walk is computed: the arithmetic of each step, and the raw commands of GDB that repeat it.

Pure. A line that begins with two blanks and `x` or `monitor` can be typed as it stands.
"""

from __future__ import annotations

from .formats import PAGE_SIZE
from .records import va_digits
from .selfmap import entry_address
from .spelling import hex_at_least, physical
from .walk import Step, Walk


def explain_text(walk: Walk) -> str:
    """The lines after those of the walk itself."""
    if not walk.steps:
        return "there is nothing to compute"
    space = walk.space
    lines = ["", "how it is computed:"]
    lines.append(f"CR3 {hex_at_least(space.cr3)} names the first table, {physical(space.root)}")
    for depth, step in enumerate(walk.steps):
        lines += _step(walk, depth, step)
    if walk.pa is not None:
        lines += _page(walk)
    return "\n".join(lines)


def _step(walk: Walk, depth: int, step: Step) -> list[str]:
    space = walk.space
    layout = space.format
    level = layout.levels[depth]
    digits = va_digits(space)
    table = step.entry_pa - step.slot * layout.entry_size
    va = hex_at_least(walk.va, digits)
    lines = [
        f"{step.name}: {va} >> {level.shift} & {hex_at_least(level.entries - 1, 3)} = {step.slot}; "
        f"{physical(table)} + {step.slot} * {layout.entry_size} = {physical(step.entry_pa)}"
    ]
    if step.entry_va is not None and walk.window is not None:
        base = entry_address(space, walk.window, depth, 0)
        number = (walk.va & (1 << layout.va_bits) - 1) >> level.shift
        lines.append(
            f"  in the self-map of slot {walk.window}: {hex_at_least(base, digits)} + "
            f"{hex_at_least(number, 1)} * {layout.entry_size} = {hex_at_least(step.entry_va, digits)}"
        )
    if step.raw is None:
        return lines
    letter = "w" if layout.entry_size == 4 else "g"
    if step.entry_va is not None:
        lines.append(f"  x/1x{letter} {hex_at_least(step.entry_va, digits)}")
    lines.append(f"  monitor xp /1x{letter} {hex_at_least(step.entry_pa)}")
    if step.entry.kind == "table":
        mask = hex_at_least(layout.frame_mask)
        lines.append(
            f"  {hex_at_least(step.raw)} & {mask} = {physical(step.entry.target or 0)}, the next table"
        )
    return lines


def _page(walk: Walk) -> list[str]:
    size = walk.page_size or PAGE_SIZE
    last = walk.steps[-1]
    target = last.entry.target or 0
    offset = walk.va % size
    va = hex_at_least(walk.va, va_digits(walk.space))
    pa = physical(walk.pa or 0)
    lines = [
        f"page: {physical(target)} + ({va} & {hex_at_least(size - 1, 3)}) = "
        f"{physical(target)} + {hex_at_least(offset, 3)} = {pa}"
    ]
    lines += [
        _right(walk, "RW", "writable", _read_only(walk)),
        _right(walk, "US", "for kernel and user code", "for the kernel only"),
    ]
    lines.append(f"  x/1xb {va}")
    lines.append(f"  monitor xp /1xb {hex_at_least(walk.pa or 0)}")
    return lines


def _right(walk: Walk, bit: str, given: str, taken: str) -> str:
    # PAE's PDPTE has neither bit: it takes nothing away.
    steps = [step for step in walk.steps if (walk.space.mode, step.level) != ("pae", "pdpte")]
    without = [step.name for step in steps if bit not in step.entry.flags]
    where = f"0 in {', '.join(without)}" if without else "1 in every entry"
    return f"  {bit} is {where}: the page is {taken if without else given}"


def _read_only(walk: Walk) -> str:
    if walk.space.wp:
        return "read-only, for the kernel too (CR0.WP = 1)"
    return "read-only for user code, writable for the kernel (CR0.WP = 0)"
