; A guest that is about to load a CR3 (or, with -DON, to turn paging on) and waits for `go` to be set. Afterwards
; it calls, faults on purpose, returns from the handler and says "!"; if it can't, the CPU resets. -DCASE=NAME:
;   good         all is well
;   virtual      CR3 is a virtual address
;   beyond       CR3 names a place beyond RAM
;   no_pse       PDE 0 has PS, but CR4.PSE = 0: the frame of the page is taken for a table
;   virtual_pde  PDE 0 holds the virtual address of its table
;   reserved     PDE 0 is a 4 MiB page with bit 21
;   far_table    PDE 0 names a table beyond RAM
;   no_code      PTE 0:256, the code, is absent
;   no_stack     PTE 0:383, the stack, is absent
;   no_idt       PTE 0:400, the IDT, is absent
; The directory is 0x00200000; where paging is on before, that is by 0x00203000, which is good.
%include "bits.inc"
%define ENTRY_SIZE 4
%define DIR  0x00200000
%define TABLE 0x00201000
%define NOW  0x00203000
%define STACK 0x00180000                ; its top
%define IDT  0x00190000
%define CODE_PAGE 0x100
%define STACK_PAGE 0x17f
%define IDT_PAGE 0x190
%define NEW_CR3 DIR
%define CR4_BITS PSE
%define FIRST TABLE | P | RW

%define good 1
%define virtual 2
%define beyond 3
%define no_pse 4
%define virtual_pde 5
%define reserved 6
%define far_table 7
%define no_code 8
%define no_stack 9
%define no_idt 10
%if CASE == virtual
%define NEW_CR3 0xC0200000
%elif CASE == beyond
%define NEW_CR3 0x7F000000
%elif CASE == no_pse
%define FIRST P | RW | PS
%define CR4_BITS 0
%elif CASE == virtual_pde
%define FIRST (TABLE + 0xC0000000) | P | RW
%elif CASE == reserved
%define FIRST 0x00200000 | P | RW | PS
%elif CASE == far_table
%define FIRST 0x7F001000 | P | RW
%endif

%macro tables 0
    pages TABLE, P | RW, 1024
    pages 0x00204000, P | RW, 1024
    entry DIR + 4 * 0, FIRST
    entry DIR + 4 * 768, TABLE | P | RW
    entry NOW + 4 * 0, 0x00204000 | P | RW
    entry NOW + 4 * 768, 0x00204000 | P | RW
%if CASE == no_code
    entry TABLE + 4 * CODE_PAGE, 0
%elif CASE == no_stack
    entry TABLE + 4 * STACK_PAGE, 0
%elif CASE == no_idt
    entry TABLE + 4 * IDT_PAGE, 0
%endif
%endmacro
%include "boot.inc"

global _start
global go
_start:
    cli
    cld
    mov esp, STACK
    call flat_segments
    call handle_faults
    call fill_tables
    mov esi, idt                        ; the IDT where it can be taken away
    mov edi, IDT
    mov ecx, 8 * 32 / 4
    rep movsd
    mov dword [idt_pointer + 2], IDT
    lidt [idt_pointer]
    mov eax, CR4_BITS
    mov cr4, eax
%ifdef ON
    mov eax, NEW_CR3
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG | CR0_WP
%else
    mov eax, NOW
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG | CR0_WP
    mov cr0, eax
    mov eax, NEW_CR3
%endif
    mov dword [resume], survived
    say "about"
wait_for_go:
    pause
    cmp dword [go], 0
    je wait_for_go
%ifdef ON
    mov cr0, eax
%else
    mov cr3, eax
%endif
    call nowhere
survived:
    mov al, '!'
    out 0xE9, al
.stay:
    pause
    jmp .stay
nowhere:
    mov eax, [0x30000000]
    ret

section .data
align 4
go: dd 0
