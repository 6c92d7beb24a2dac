; Multiboot 1 header, entry, boot paging.
;
; Entered with paging off. .boot is linked at its physical address, all else at virtual ones: here those are
; written through PHYSICAL(). The loader has zeroed .bss; .text, .rodata and
; .data are there once unpack_image has returned.

%define KERNEL_OFFSET 0xC0000000
%define PHYSICAL(address) ((address) - KERNEL_OFFSET)

MULTIBOOT_MAGIC  equ 0x1BADB002
MULTIBOOT_FLAGS  equ 0x00000003            ; page-aligned modules, memory information

PRESENT_WRITABLE equ 0x003
PRESENT_WRITABLE_USER equ 0x007
TABLE_SIZE       equ 4096

KERNEL_SLOT      equ 768                   ; 0xC0000000, direct map of the first 4 MiB
RECORD_SLOT      equ 769                   ; 0xC0400000, frame records
SCRATCH_SLOT     equ 770                   ; 0xC0800000, scratch pages
SELF_SLOT        equ 1023                  ; 0xFFC00000, the directory itself

; PG WP NE ET PE; CD and NW cleared (SDM 3A 2.5). WP: supervisor writes obey R/W from the first moment.
CR0_BOOT         equ 0x80010031

section .multiboot alloc noexec nowrite align=4
    dd MULTIBOOT_MAGIC
    dd MULTIBOOT_FLAGS
    dd -(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

section .boot alloc exec nowrite align=16
global boot_entry
extern kernel_main, unpack_image
boot_entry:
    cli
    cld
    mov esp, PHYSICAL(main_stack_top)
    mov ebp, eax                           ; the loader's magic
    push ebx                               ; its information, a physical address
    call unpack_image
    pop esi

    ; The first 4 MiB, writable: kernel_main takes away what is too much.
    mov edi, PHYSICAL(kernel_table)
    mov eax, PRESENT_WRITABLE
    mov ecx, 1024
.fill:
    stosd
    add eax, 0x1000
    loop .fill

    mov edi, PHYSICAL(page_directory)
    mov eax, PHYSICAL(kernel_table) + PRESENT_WRITABLE
    mov [edi], eax                         ; identity, for this code only
    mov [edi + KERNEL_SLOT * 4], eax
    mov dword [edi + RECORD_SLOT * 4], PHYSICAL(record_table) + PRESENT_WRITABLE
    ; US in this PDE alone is no right: the leaf decides, and only the ring-3 stub's has it.
    mov dword [edi + SCRATCH_SLOT * 4], PHYSICAL(scratch_table) + PRESENT_WRITABLE_USER
    mov dword [edi + SELF_SLOT * 4], PHYSICAL(page_directory) + PRESENT_WRITABLE
    ; The scratch pages' table shows itself, so that no self-map is needed to set them.
    mov dword [PHYSICAL(scratch_table) + 1023 * 4], PHYSICAL(scratch_table) + PRESENT_WRITABLE

    mov cr3, edi
    mov eax, CR0_BOOT
    mov cr0, eax
    mov eax, .paged
    jmp eax
.paged:
    mov esp, main_stack_top
    push esi
    push ebp
    xor ebp, ebp                           ; the end of every backtrace
    push ebp
    jmp kernel_main                        ; (magic, information); does not return

; What the host reads: interface::LabPage, at the place that kernel.ld fixes.
section .lab nobits alloc noexec write align=4096
global lab_page
lab_page: resb 4096

; interface::JournalRing, page-aligned for the host's sake.
section .journal nobits alloc noexec write align=4096
global journal_ring
journal_ring: resb 32 + 32 * 1024

; The four pages of tables that exist from boot on. No kernel PDE is added later, so that all
; directories can share these.
section .paging nobits alloc noexec write align=4096
global page_directory, kernel_table, record_table, scratch_table
page_directory: resb TABLE_SIZE
kernel_table:   resb TABLE_SIZE
record_table:   resb TABLE_SIZE
scratch_table:  resb TABLE_SIZE

; A guard page lies under the stack; kernel_main unmaps it. The rescue has stacks of its own.
section .stacks nobits alloc noexec write align=4096
global main_stack_guard, main_stack_top
main_stack_guard: resb 4096
                  resb 16384
main_stack_top:

section .note.GNU-stack noalloc noexec nowrite progbits
