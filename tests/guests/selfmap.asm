; A guest for the debugger's tests: paging with a directory of known content, then a loop that counts.
;   nasm -f elf32 selfmap.asm -o selfmap.o && ld -m elf_i386 -T selfmap.ld selfmap.o -o selfmap
; The directory lies at 0x00200000, its tables behind it, so that addresses in tests are easy to say.
;   slot 0     table 0x00201000: the first 4 MiB, each page on itself; page 0 absent
;   slot 1     4 MiB at 0x00400000, writable, global
;   slot 2     4 MiB at 0x00800000, user, read-only
;   slot 3     table 0x7f000000, beyond RAM
;   slot 4     4 MiB with bit 21 set, which is reserved
;   slot 64    table 0x00202000: user pages, odd bits, an absent entry that holds a value
;   slot 768   table 0x00201000 again, read-only in the directory
;   slot 1023  the directory itself
bits 32

DIRECTORY equ 0x00200000
IDENTITY  equ 0x00201000
MIXED     equ 0x00202000

section .text
align 4
    dd 0x1BADB002, 0, -0x1BADB002   ; multiboot 1: magic, flags, checksum

global _start
_start:
    cli
    cld
    mov esp, stack_top
    mov edi, DIRECTORY              ; three pages of zeros
    xor eax, eax
    mov ecx, 3 * 1024
    rep stosd
    mov edi, IDENTITY + 4           ; page 0 stays absent
    mov eax, 0x1003                 ; P RW
    mov ecx, 1023
.identity:
    stosd
    add eax, 0x1000
    loop .identity
    mov dword [DIRECTORY + 4 * 0], IDENTITY | 0x003     ; P RW
    mov dword [DIRECTORY + 4 * 1], 0x00400183           ; P RW PS G
    mov dword [DIRECTORY + 4 * 2], 0x00800085           ; P US PS
    mov dword [DIRECTORY + 4 * 3], 0x7f000003           ; P RW
    mov dword [DIRECTORY + 4 * 4], 0x00600083           ; P RW PS, bit 21
    mov dword [DIRECTORY + 4 * 64], MIXED | 0x007       ; P RW US
    mov dword [DIRECTORY + 4 * 768], IDENTITY | 0x001   ; P
    mov dword [DIRECTORY + 4 * 1023], DIRECTORY | 0x003 ; P RW
    mov dword [MIXED + 4 * 0], 0x00300007               ; P RW US
    mov dword [MIXED + 4 * 1], 0x00301007               ; P RW US, goes on
    mov dword [MIXED + 4 * 2], 0x00302005               ; P US
    mov dword [MIXED + 4 * 3], 0x00300f9f               ; P RW US PWT PCD PAT G AVL, an alias
    mov dword [MIXED + 4 * 5], 0xdeadbeee               ; absent with a value
    mov dword [MIXED + 4 * 1023], 0x7ffff003            ; a page beyond RAM
    mov eax, cr4
    or eax, 0x90                    ; PSE PGE
    mov cr4, eax
    mov eax, DIRECTORY
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000              ; PG WP
    mov cr0, eax
global counting
counting:
    inc dword [counter]
    pause
    jmp counting

section .data
global counter
counter: dd 0

section .bss
alignb 16
    resb 4096
stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
