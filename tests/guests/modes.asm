; A guest with declared tables in any paging mode: turns paging on, says "ready", then loops.
;   nasm -f elf32 -i tests/guests/ -P modes/NAME.inc modes.asm -o NAME.o && ld -m elf_i386 -T selfmap.ld NAME.o -o NAME
; modes/NAME.inc declares registers and tables, modes/NAME.truth what follows from them; README.md says how.
%include "boot.inc"

global _start
_start:
    cli
    cld
    mov esp, stack_top
    call flat_segments
    call fill_tables
    mov eax, CR4_BITS
    mov cr4, eax
%ifdef EFER_BITS
    mov ecx, 0xC0000080
    mov eax, EFER_BITS
    xor edx, edx
    wrmsr
%endif
    mov eax, CR3_VALUE
    mov cr3, eax
    mov eax, cr0
    and eax, ~CR0_WP
    or eax, CR0_BITS
    mov cr0, eax
%ifdef LONG_MODE
    jmp 8:long_mode
bits 64
long_mode:
%endif
    mov al, '!'
    out 0xE9, al
    pause
    jmp $ - 2
