; A guest that only talks: the prompt, the echo and the batch marks of the lab, without paging.
; The launcher's own tests boot it, so that they can tell a broken launcher from a broken kernel, and it
; can die, hang and halt on request. Multiboot 1, a flat image at 1 MiB (nasm -f bin), polls COM1.
;
;   echo WORD…   prints the words          status 0
;   fail         prints an error: line     status 1
;   raw          prints control characters status 0
;   reset        triple-faults (a death)
;   reboot       says so in the lab page, then triple-faults
;   panic        says why, then so in the lab page, and stops
;   hang         spins with interrupts off
;   flood        prints without end
;   halt         status 0, says so in the lab page, then the debug exit
;
; The lab page lies at 0x00101000, with magic, version and state alone.
bits 32
org 0x00100000
COM1        equ 0x3f8
DEBUG_EXIT  equ 0xf4
LINE_MAX    equ 240
PROMPT      equ 2                       ; states of the lab page
RUNNING     equ 3
PANIC       equ 5
REBOOTING   equ 6
HALTED      equ 7

header:
    dd 0x1badb002
    dd 0x00010003
    dd -(0x1badb002 + 0x00010003)
    dd header, header, image_end, bss_end, start    ; the address fields: no ELF is needed

start:
    cli
    cld
    mov esp, stack_top
    mov dword [lab_state], 1            ; booting
    mov esi, banner
    call print
.prompt:
    mov dword [lab_state], PROMPT
    mov esi, prompt
    call print
    call read_line
    mov dword [lab_state], RUNNING
    mov esi, mark_begin
    call print
    mov ebp, '0'                        ; the status of the command
    call dispatch
    mov esi, mark_end
    call print
    mov eax, ebp
    call put
    mov al, 7
    call put
    cmp byte [ending], 0
    je .prompt
    mov dword [lab_state], HALTED
    xor eax, eax
    out DEBUG_EXIT, al
.stopped:
    hlt
    jmp .stopped

; Compares the line with each command; falls through to "unknown" with status 1.
dispatch:
    mov edi, command_echo
    mov ecx, 5
    call line_starts
    je .echo
    mov edi, command_fail
    mov ecx, 5
    call line_starts
    je .fail
    mov edi, command_raw
    mov ecx, 4
    call line_starts
    je .raw
    mov edi, command_reset
    mov ecx, 6
    call line_starts
    je .reset
    mov edi, command_hang
    mov ecx, 5
    call line_starts
    je .hang
    mov edi, command_halt
    mov ecx, 5
    call line_starts
    je .halt
    mov edi, command_reboot
    mov ecx, 7
    call line_starts
    je .reboot
    mov edi, command_panic
    mov ecx, 6
    call line_starts
    je .panic
    mov edi, command_flood
    mov ecx, 6
    call line_starts
    je .flood
    mov esi, text_unknown
    mov ebp, '1'
    jmp print
.echo:
    mov esi, line + 5
    call print
    mov esi, newline
    jmp print
.fail:
    mov esi, text_fail
    mov ebp, '1'
    jmp print
.raw:
    mov esi, text_raw
    jmp print
.halt:
    mov byte [ending], 1
    ret
.hang:
    jmp .hang
.panic:
    mov esi, text_panic
    call print
    mov dword [lab_state], PANIC
    cli
    hlt
.flood:
    mov esi, text_flood
    call print
    jmp .flood
.reboot:
    mov dword [lab_state], REBOOTING
.reset:
    lidt [no_idt]
    int3

; ZF = 1 if the line begins with ECX bytes at EDI.
line_starts:
    mov esi, line
    repe cmpsb
    ret

; Reads a line with echo into `line`, zero-terminated; the carriage return ends it, Ctrl-C drops it.
read_line:
    mov edi, line
.next:
    mov edx, COM1 + 5
    in al, dx
    test al, 1
    jz .next
    mov edx, COM1
    in al, dx
    cmp al, 13
    je .done
    cmp al, 3
    je .cancel
    cmp edi, line + LINE_MAX
    jae .next
    stosb
    call put
    jmp .next
.cancel:
    mov esi, cancelled
    call print
    mov esi, prompt
    call print
    jmp read_line
.done:
    mov byte [edi], 0
    mov esi, newline
    jmp print

print:
    lodsb
    test al, al
    jz .end
    call put
    jmp print
.end:
    ret

put:
    push edx
    push eax
.wait:
    mov edx, COM1 + 5
    in al, dx
    test al, 0x20
    jz .wait
    pop eax
    mov edx, COM1
    out dx, al
    pop edx
    ret

banner       db 'echo shell', 13, 10, 0
prompt       db 'pagelab> ', 0
newline      db 13, 10, 0
cancelled    db '^C', 13, 10, 0
mark_begin   db 27, ']133;C', 7, 0
mark_end     db 27, ']133;D;', 0
command_echo db 'echo '
command_fail db 'fail', 0
command_raw  db 'raw', 0
command_reset db 'reset', 0
command_hang db 'hang', 0
command_halt db 'halt', 0
command_reboot db 'reboot', 0
command_panic db 'panic', 0
command_flood db 'flood', 0
text_unknown db 'error: no such command', 13, 10, 0
text_fail    db 'error: as asked', 13, 10, 0
text_raw     db 'a', 8, 'b', 27, '[31m', 'c', 9, 'd', 13, 10, 0
text_panic   db 'out of coffee', 13, 10, 0
text_flood   db 'all work and no play', 13, 10, 0
ending       db 0
align 4
no_idt       dw 0
             dd 0
times 0x1000 - ($ - $$) db 0
             db 'PAGELAB1'
             dd 2                       ; version
times 0x1038 - ($ - $$) db 0
lab_state    dd 0
times 0x10f8 - ($ - $$) db 0
image_end:

section .bss nobits align=16
line         resb LINE_MAX + 16
             resb 4096
stack_top:
bss_end:
