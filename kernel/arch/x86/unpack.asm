; Unpacks the kernel to where it is linked, before anything else.
;
; The loader brings the boot code and, behind the image, one LZ4 block (lz4/lz4: doc/lz4_Block_format.md)
; that holds .text, .rodata and .data. Paging is off: virtual addresses are written through PHYSICAL().
; Kernel code and texts do not exist until this is done: nothing here may use them.

%define KERNEL_OFFSET 0xC0000000
%define PHYSICAL(address) ((address) - KERNEL_OFFSET)

SHORTEST_MATCH   equ 4
COM1_DATA        equ 0x3F8
COM1_STATUS      equ 0x3FD
TRANSMITTER_FREE equ 0x20

extern text_start, unpacked_end, image_end, packed_end, packed_words

section .boot alloc exec nowrite align=16

; Keeps EBP; the other registers are lost. A block that would be read or written beyond its ends, or does not
; come out at the size that was linked, stops the boot with a sentence on COM1.
; ESI: the block's next byte. EDI: the image's next byte. EDX: the sequence's token.
global unpack_image
unpack_image:
    mov esi, PHYSICAL(image_end)
    mov edi, PHYSICAL(text_start)
.sequence:
    movzx edx, byte [esi]
    inc esi
    mov ecx, edx
    shr ecx, 4                             ; high nibble: how many bytes stand for themselves
    call .finish_length
    lea eax, [esi + ecx]
    cmp eax, PHYSICAL(packed_end)
    ja .damaged
    call .copy
    cmp esi, PHYSICAL(packed_end)          ; only the last sequence has no match
    je .ended

    movzx ebx, word [esi]                  ; how far back the match lies; it may overlap what it makes
    add esi, 2
    mov ecx, edx
    and ecx, 15                            ; low nibble: its length
    call .finish_length
    add ecx, SHORTEST_MATCH
    mov eax, edi
    sub eax, ebx
    cmp eax, PHYSICAL(text_start)
    jb .damaged
    push esi
    mov esi, eax
    call .copy
    pop esi
    jmp .sequence

; ECX = 15 goes on: bytes are added until one is less than 255.
.finish_length:
    cmp ecx, 15
    jne .complete
.more:
    movzx eax, byte [esi]
    inc esi
    add ecx, eax
    cmp al, 255
    je .more
.complete:
    ret

; ECX bytes from ESI to the image, never beyond its end.
.copy:
    lea eax, [edi + ecx]
    cmp eax, PHYSICAL(unpacked_end)
    ja .damaged
    rep movsb
    ret

.ended:
    cmp edi, PHYSICAL(unpacked_end)
    jne .damaged
    mov edi, PHYSICAL(image_end)           ; the block's memory becomes free frames, as blank as the others
    mov ecx, packed_words
    xor eax, eax
    rep stosd
    ret

.damaged:
    mov esi, .complaint
.next_character:
    mov dx, COM1_STATUS
.wait:
    in al, dx
    test al, TRANSMITTER_FREE
    jz .wait
    mov dx, COM1_DATA
    lodsb
    out dx, al
    test al, al
    jnz .next_character
.stop:
    cli
    hlt
    jmp .stop
.complaint: db 13, 10, "panic: the kernel's image is damaged: it does not unpack", 13, 10, 0

section .note.GNU-stack noalloc noexec nowrite progbits
