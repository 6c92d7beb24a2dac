; A guest for the debugger's tests: two CPUs (-smp 2), each with paging on and a directory of its own.
;   nasm -f elf32 two_cpus.asm -o two_cpus.o && ld -m elf_i386 -T selfmap.ld two_cpus.o -o two_cpus
; Both directories map the first 4 MiB on themselves and 0x10000000 each to a frame of its own:
;   CPU 0   directory 0x00200000, table 0x00202000: 0x10000000 at 0x00300000, read-only, a self-map in slot 1023
;   CPU 1   directory 0x00210000, table 0x00212000: 0x10000000 at 0x00310000, writable, no self-map
; When both have paging on they say so on the debug console, "E", and each waits for ever.
bits 32

FIRST      equ 0x00200000
SECOND     equ 0x00210000
IDENTITY   equ 0x00201000
TABLES     equ 0x2000              ; from a directory to its own table
VA_SLOT    equ 4 * 64              ; of 0x10000000
APIC_ICR   equ 0xfee00300
TRAMPOLINE equ 0x8000

section .text
align 4
    dd 0x1BADB002, 0, -0x1BADB002

global _start
_start:
    cli
    cld
    mov esp, stack_top
    mov edi, FIRST
    xor eax, eax
    mov ecx, 0x20000 / 4
    rep stosd
    mov edi, IDENTITY
    mov eax, 0x0003
    mov ecx, 1024
.identity:
    stosd
    add eax, 0x1000
    loop .identity
    mov dword [FIRST], IDENTITY | 3
    mov dword [FIRST + VA_SLOT], FIRST + TABLES + 3
    mov dword [FIRST + TABLES], 0x00300001
    mov dword [FIRST + 4 * 1023], FIRST | 3
    mov dword [SECOND], IDENTITY | 3
    mov dword [SECOND + VA_SLOT], SECOND + TABLES + 3
    mov dword [SECOND + TABLES], 0x00310003

    mov esi, trampoline             ; where the other CPU starts, in real mode
    mov edi, TRAMPOLINE
    mov ecx, trampoline_end - trampoline
    rep movsb
    mov dword [APIC_ICR], 0x000C4500              ; INIT to all but this one
    mov ecx, 1000000
    loop $
    mov dword [APIC_ICR], 0x000C4600 | TRAMPOLINE >> 12     ; start-up

    mov eax, FIRST
    call page
global first_cpu
first_cpu:
    cmp dword [ready], 1
    jne first_cpu
    mov al, 'E'
    out 0xe9, al
global first_waits
first_waits:
    jmp first_waits

; Turns paging on with the directory in EAX.
page:
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    ret

second_start:
    mov ax, 0x10
    mov ds, ax
    mov ss, ax
    mov esp, second_stack_top
    mov eax, SECOND
    call page
    mov dword [ready], 1
global second_waits
second_waits:
    jmp second_waits

bits 16
trampoline:
    cli
    xor ax, ax
    mov ds, ax
    o32 lgdt [TRAMPOLINE + (gdt_pointer - trampoline)]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword 0x08:second_start
align 8
gdt:
    dq 0, 0x00CF9A000000FFFF, 0x00CF92000000FFFF
gdt_pointer:
    dw 23
    dd TRAMPOLINE + (gdt - trampoline)
trampoline_end:

section .bss
alignb 16
ready:
    resd 1
alignb 16
    resb 4096
stack_top:
    resb 4096
second_stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
