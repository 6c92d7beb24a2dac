; A guest for the debugger's tests in the modes with 64-bit entries: known tables, then a loop.
;   nasm -f elf32 [-DPAE_ONLY] longmode.asm -o longmode.o && ld -m elf_i386 -T selfmap.ld longmode.o -o longmode
; 4-level by default: PML4 at 0x00200000, PDPT 0x00201000, PD 0x00202000, PT 0x00203000
;   0          2 MiB pages, the first 4 MiB; writable
;   0x40000000 1 GiB page at 0, no execution
;   PML4 256   the same PDPT, user
;   PD 3       the page table: page 0 user and read-only, page 1 absent
;   PML4 510   the PML4 itself
; PAE_ONLY: PDPT at 0x00200000 with one PD, the same PD and PT.
bits 32

ROOT equ 0x00200000
PDPT equ 0x00201000
PD   equ 0x00202000
PT   equ 0x00203000
EFER equ 0xC0000080

section .text
align 4
    dd 0x1BADB002, 0, -0x1BADB002

global _start
_start:
    cli
    cld
    mov esp, stack_top
    mov edi, ROOT
    xor eax, eax
    mov ecx, 4 * 1024
    rep stosd
    mov dword [PD + 8 * 0], 0x00000083          ; P RW PS
    mov dword [PD + 8 * 1], 0x00200083
    mov dword [PD + 8 * 3], PT | 7
    mov dword [PT + 8 * 0], 0x00300005          ; P US
    mov dword [PT + 8 * 1], 0x00301004          ; absent
    mov eax, cr4
    or eax, 0xA0                                ; PAE PGE
    mov cr4, eax
    mov ecx, EFER
    rdmsr
    or eax, 0x800                               ; NXE
%ifdef PAE_ONLY
    wrmsr
    mov dword [ROOT], PD | 1
%else
    or eax, 0x100                               ; LME
    wrmsr
    mov dword [ROOT + 8 * 0], PDPT | 3
    mov dword [ROOT + 8 * 256], PDPT | 7
    mov dword [ROOT + 8 * 510], ROOT | 3
    mov dword [PDPT + 8 * 0], PD | 7
    mov dword [PDPT + 8 * 1], 0x00000083        ; 1 GiB
    mov dword [PDPT + 8 * 1 + 4], 0x80000000    ; NX
%endif
    mov eax, ROOT
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000                          ; PG WP
    mov cr0, eax
%ifndef PAE_ONLY
    lgdt [gdt_pointer]
    jmp 8:long_mode
bits 64
long_mode:
%endif
    pause
    jmp $ - 2

section .data
align 8
gdt:
    dq 0, 0x00AF9A000000FFFF
gdt_pointer:
    dw $ - gdt - 1
    dd gdt

section .bss
alignb 16
    resb 4096
stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
