; The ways into the rescue: an entry for each task, and the stubs of its own exceptions.
;
; A task gate loads all registers from the TSS and tells no vector: each entry knows its own. Entered with
; interrupts off, in the rescue's directory, on a stack that nothing else uses.

section .text
extern rescue_main, rescue_fault

%macro ENTRY 3
global %1
%1:
    cld
    mov esp, %3                            ; #DF, #TS and their like pushed an error code
    mov eax, %2
    call rescue_main
    ud2
%endmacro

    ENTRY enter_double_fault, 8, rescue_stack_top
    ENTRY enter_non_maskable, 2, rescue_nmi_stack_top
    ENTRY enter_broken_segment, 10, rescue_stack_top
    ENTRY enter_call, 255, rescue_stack_top

; An exception of the rescue's own: its stack is thrown away. One entry for all vectors but #DF, which comes by
; the same gate as the kernel's.
global enter_nested
enter_nested:
    cld
    mov esp, rescue_stack_top
    call rescue_fault
    ud2

; [[noreturn]] void rescue_leave(way_out, directory, stack) in EAX, EDX, ECX: jumps to the page that both know.
global rescue_leave
rescue_leave:
    mov esi, eax
    mov eax, edx
    mov ebx, ecx
    jmp esi

section .room nobits alloc noexec write align=4096
global vectors_page, lifeline_table, notes_page, rescue_directory, rescue_table, rescue_guards
global rescue_stack_top, rescue_nmi_stack_top
vectors_page:     resb 4096
lifeline_table:   resb 4096
notes_page:       resb 4096
rescue_directory: resb 4096
rescue_table:     resb 4096
; A hole below each stack.
rescue_guards:    resb 4096
                  resb 4096
rescue_stack_top:
                  resb 4096
                  resb 4096
rescue_nmi_stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
