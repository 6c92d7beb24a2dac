; Single accesses whose fault is a value, not a report; and the way back to the main loop.
;
; access_run(kind, address, value) saves the caller's registers and stack in access_context, does one access, and
; returns 1. A fault on the way ends in access_resume(), called by the exception handler: it drops the
; handler's stack and returns 0 from the same call. No frame in between has anything to clean up.
; EDX holds `value` before the access: what it holds afterwards is the answer.

; arch::AccessKind; a read is none of these.
ACCESS_WRITE      equ 1
ACCESS_FETCH      equ 2
ACCESS_READ_WORD  equ 3
ACCESS_WRITE_WORD equ 4

USER_CODE equ 0x1B
USER_DATA equ 0x23
KERNEL_DATA equ 0x10

section .text

; unsigned access_run(unsigned kind, unsigned address, unsigned value)
;   read: loads DL, or EDX. write: stores DL, or EDX. fetch: calls the address, where the caller has placed
;   code that ends in `ret` and changes no register but EDX. EDX is kept in access_value.
global access_run
access_run:
    call save_context
    mov eax, [esp + 4]
    mov esi, [esp + 8]
    mov edx, [esp + 12]
    cmp eax, ACCESS_WRITE
    je .write
    cmp eax, ACCESS_FETCH
    je .fetch
    cmp eax, ACCESS_READ_WORD
    je .read_word
    cmp eax, ACCESS_WRITE_WORD
    je .write_word
    mov dl, [esi]
    jmp access_done
.write:
    mov [esi], dl
    jmp access_done
.fetch:
    call esi
    jmp access_done
.read_word:
    mov edx, [esi]
    jmp access_done
.write_word:
    mov [esi], edx
    jmp access_done

; unsigned access_run_user(unsigned entry, unsigned address, unsigned value)
;   The same from ring 3: `entry` is the user-visible address of the code to start at, which ends in int3.
global access_run_user
extern access_set_kernel_stack
access_run_user:
    call save_context
    mov ebx, [esp + 4]
    mov esi, [esp + 8]
    mov edx, [esp + 12]
    push esp                               ; ring 0 is entered again below everything that is alive
    call access_set_kernel_stack
    add esp, 4
    mov edx, [esp + 12]
    mov eax, USER_DATA
    mov ds, eax
    mov es, eax
    push USER_DATA
    push 0                                 ; ring 3 has no stack: its code pushes nothing
    push 2                                 ; EFLAGS: interrupts stay off, IOPL 0
    push USER_CODE
    push ebx
    iret

; The code that runs in ring 3, at its user-visible address; position independent. An int3 ends it.
section .rodata align=16                   ; so that it never crosses a page
global user_code_start, user_code_read, user_code_write, user_code_read_word, user_code_write_word
user_code_start:
user_code_read:
    mov dl, [esi]
    int3
user_code_write:
    mov [esi], dl
    int3
user_code_read_word:
    mov edx, [esi]
    int3
user_code_write_word:
    mov [esi], edx
    int3

section .text
; Called first in a routine: the stack holds our return address above that routine's.
save_context:
    mov [access_context], ebx
    mov [access_context + 4], esi
    mov [access_context + 8], edi
    mov [access_context + 12], ebp
    lea eax, [esp + 4]
    mov [access_context + 16], eax
    ret

access_done:
    mov [access_value], edx
    mov eax, 1
    jmp restore_context

; [[noreturn]] void access_resume(unsigned result)
global access_resume
access_resume:
    mov eax, [esp + 4]
    mov ecx, KERNEL_DATA
    mov ds, ecx
    mov es, ecx
restore_context:
    mov ebx, [access_context]
    mov esi, [access_context + 4]
    mov edi, [access_context + 8]
    mov ebp, [access_context + 12]
    mov esp, [access_context + 16]
    ret

; [[noreturn]] void restart_on_main_stack(void (*function)())
;   Nothing lives on the stack between commands: ESP goes to the top and the function never returns.
global restart_on_main_stack
extern main_stack_top
restart_on_main_stack:
    mov eax, [esp + 4]
    mov esp, main_stack_top
    xor ebp, ebp
    push ebp
    jmp eax

section .bss
alignb 4
global access_value
access_context: resd 5
access_value:   resd 1

section .note.GNU-stack noalloc noexec nowrite progbits
