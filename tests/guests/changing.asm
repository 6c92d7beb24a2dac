; A guest for the debugger's tests: its page tables change while it runs, then it idles. For record and replay.
;   nasm -f elf32 changing.asm -o changing.o && ld -m elf_i386 -T selfmap.ld changing.o -o changing
; The directory lies at 0x00200000.
;   slot 0     table 0x00201000: the first 4 MiB, each page on itself
;   slot 64    table 0x00202000: page 0 at 0x00300000, until it changes
;   slot 1023  the directory itself
; What happens to 0x10000000, each at a label of its own:
;   through_window     its PTE, through the self-map: 0x00301003
;   through_alias      its PTE, where the identity map shows the table: 0x00302003
;   through_directory  its PDE, to a copy of the table at 0x00203000
;   elsewhere          another PTE of the same table, which is no change of this one
bits 32

DIRECTORY equ 0x00200000
IDENTITY  equ 0x00201000
TABLE     equ 0x00202000
COPY      equ 0x00203000

section .text
align 4
    dd 0x1BADB002, 0, -0x1BADB002

global _start
_start:
    cli
    cld
    mov esp, stack_top
    mov edi, DIRECTORY
    xor eax, eax
    mov ecx, 4 * 1024
    rep stosd
    mov edi, IDENTITY
    mov eax, 0x0003
    mov ecx, 1024
.identity:
    stosd
    add eax, 0x1000
    loop .identity
    mov dword [DIRECTORY + 4 * 0], IDENTITY | 3
    mov dword [DIRECTORY + 4 * 64], TABLE | 3
    mov dword [DIRECTORY + 4 * 1023], DIRECTORY | 3
    mov dword [TABLE], 0x00300003
    mov dword [COPY], 0x00304003
    mov eax, DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
global paging
paging:
    call pause_a_while
global through_window
through_window:
    mov dword [0xffc40000], 0x00301003
    call pause_a_while
global through_alias
through_alias:
    mov dword [TABLE], 0x00302003
    call pause_a_while
global through_directory
through_directory:
    mov dword [0xfffff100], COPY | 3
    call pause_a_while
global elsewhere
elsewhere:
    mov dword [COPY + 4], 0x00305003
    call pause_a_while
    mov al, 'E'                     ; done: a byte on the debug console
    out 0xe9, al
global idle
idle:
    hlt
    jmp idle

pause_a_while:
    mov ecx, 20000
    loop $
    ret

section .bss
alignb 16
    resb 4096
stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
