; Entry of every interrupt: makes a register frame (arch::RegisterFrame, field for field) and calls
; interrupt_dispatch(frame*). Interrupt gates: IF is 0 from here to the iret.

KERNEL_DATA equ 0x10

section .text
extern interrupt_dispatch

global handlers_start
handlers_start:
enter_handler:
    pusha
    push ds
    push es
    mov eax, KERNEL_DATA
    mov ds, eax
    mov es, eax
    cld                                    ; the ABI wants it, the interrupted code need not keep it
    push esp
    call interrupt_dispatch
    add esp, 4
    pop es
    pop ds
    popa
    add esp, 8                             ; vector, error code
    iret

; Stub n stands at first_stub + 16n: the IDT can be known without a table of them.
%macro STUB 1
align 16
stub_%1:
    ; 8, 10-14, 17, 21, 29, 30 push an error code themselves (SDM 3A 6.15).
    %if !(%1 == 8 || (%1 >= 10 && %1 <= 14) || %1 == 17 || %1 == 21 || %1 == 29 || %1 == 30)
    push 0
    %endif
    push %1
    jmp enter_handler
%endmacro

align 16
global first_stub
first_stub:
%assign vector 0
%rep 48
    STUB vector
    %assign vector vector + 1
%endrep
%if $ - stub_47 > 16
%error "a stub is longer than its place"
%endif

section .note.GNU-stack noalloc noexec nowrite progbits
