; The least that boots: multiboot 1, one byte on the serial port, halt. The baseline of `scripts/bench boot`.
bits 32
section .text
    dd 0x1badb002, 0, -0x1badb002
global _start
_start:
    mov dx, 0x3f8
    mov al, '!'
    out dx, al
.idle:
    cli
    hlt
    jmp .idle
section .note.GNU-stack
