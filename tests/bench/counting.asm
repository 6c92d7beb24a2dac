; A guest that counts as fast as it can, for benches of what watches it: its speed is what they compare.
;   nasm -f elf32 -D TABLES=67 counting.asm -o counting.o && ld -m elf_i386 -T ../guests/selfmap.ld counting.o -o counting
; TABLES page tables (1 to 1,023) from 0x00801000 on, the directory before them, each mapping 4 MiB at the same 4 MiB
; of memory; the counter at 0x00400000 grows by 1 in each turn, and each turn changes one entry of the last table.
bits 32

DIRECTORY equ 0x00800000
COUNTER   equ 0x00000000 + 0x00400000

section .text
align 4
    dd 0x1BADB002, 0, -0x1BADB002

global _start
_start:
    cli
    cld
    mov edi, DIRECTORY
    xor eax, eax
    mov ecx, 1024
    rep stosd
    mov edx, DIRECTORY              ; EDX: a PDE's place
    mov ebx, 0                      ; EBX: the table's number
.table:
    mov edi, ebx
    shl edi, 12
    add edi, DIRECTORY + 0x1000
    lea eax, [edi + 3]              ; P RW
    mov [edx], eax
    add edx, 4
    mov eax, ebx
    and eax, 3                      ; 16 MiB, over and over
    shl eax, 22
    or eax, 3
    mov ecx, 1024
.entry:
    stosd
    add eax, 0x1000
    loop .entry
    inc ebx
    cmp ebx, TABLES
    jb .table
    sub edi, 4                      ; the last entry of the last table
    mov dword [DIRECTORY + 4 * 1023], DIRECTORY | 3
    mov eax, DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    mov dword [COUNTER], 0
.count:
    inc dword [COUNTER]
    mov eax, [COUNTER]
    and eax, 0x1000
    or eax, 3
    mov [edi], eax                  ; a change that the picture shows
    jmp .count

section .note.GNU-stack noalloc noexec nowrite progbits
