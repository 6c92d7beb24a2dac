; Unpacks the kernel to where it is linked, before anything else.
;
; The loader brings the boot code and, behind the image, what pagelab-pack made of .text, .rodata, .rescue,
; .data and .symbols; kernel/packing/format.hpp tells its form. Paging is off: virtual addresses are written
; through PHYSICAL(). Kernel code and texts do not exist until this is done: nothing here may use them.

%define KERNEL_OFFSET 0xC0000000
%define PHYSICAL(address) ((address) - KERNEL_OFFSET)

LITERALS         equ 256
MAIN_SYMBOLS     equ LITERALS + 40
DISTANCE_SYMBOLS equ 40
LONGEST_CODE     equ 12                    ; bits
SHORTEST_MATCH   equ 2
OPCODE_MASK      equ 0xFE                  ; CALL is E8, JMP is E9
CALL_OPCODE      equ 0xE8
OPERAND_BYTES    equ 4
COM1_DATA        equ 0x3F8
COM1_STATUS      equ 0x3FD
TRANSMITTER_FREE equ 0x20

extern text_start, unpacked_end, unpacked_names_end, unpacked_bytes
extern symbols_start, symbols_words, image_end, packed_words, tables_start

; The header's words.
IMAGE_BYTES equ PHYSICAL(image_end)
CODE_BYTES  equ PHYSICAL(image_end) + 4
MARK        equ PHYSICAL(image_end) + 8
CHECKSUM    equ PHYSICAL(image_end) + 12
FIRST_BITS  equ PHYSICAL(image_end) + 16

; A code's table: what LONGEST_CODE bits begin with, symbol << 4 | length, a word each. Both lie where the first
; page tables will be.
TABLE_BYTES    equ 2 << LONGEST_CODE
MAIN_TABLE     equ PHYSICAL(tables_start)
DISTANCE_TABLE equ PHYSICAL(tables_start) + TABLE_BYTES

; EAX: the next 25 bits and 7 others, the first on top. ECX is lost.
%macro peek 0
    mov ecx, esi
    shr ecx, 3
    mov eax, [FIRST_BITS + ecx]
    bswap eax
    mov ecx, esi
    and ecx, 7
    shl eax, cl
%endmacro

; EDX: the symbol of the code that comes next. EAX and ECX are lost.
%macro take_symbol 1                       ; its table
    peek
    shr eax, 32 - LONGEST_CODE
    movzx edx, word [%1 + eax * 2]
    mov ecx, edx
    and ecx, 15
    add esi, ecx
    shr edx, 4
%endmacro

; EDX: of the slot in it, the value. EAX and ECX are lost.
%macro take_value 0
    cmp edx, 4
    jb %%done
    peek
    mov ecx, edx
    shr ecx, 1
    dec ecx
    and edx, 1
    or edx, 2
    shld edx, eax, cl
    add esi, ecx
%%done:
%endmacro

section .boot alloc exec nowrite align=16

; Keeps EBP; the other registers are lost. An image that would be written beyond its ends, or does not come out
; as it was packed, stops the boot with a sentence on COM1.
; ESI: the next bit. EDI: the image's next byte. EBP: the block's end. EBX: how far back the last match lay.
global unpack_image
unpack_image:
    push ebp
    mov eax, [IMAGE_BYTES]
    cmp eax, unpacked_bytes
    jne .damaged
    cmp eax, [CODE_BYTES]
    jb .damaged
    xor esi, esi
    xor ebx, ebx
    mov edi, PHYSICAL(text_start)

.block:
    peek
    shr eax, 8
    add esi, 24
    add eax, edi
    cmp eax, PHYSICAL(unpacked_names_end)
    ja .damaged
    push eax
    push edi
    push ebx
    mov edi, MAIN_TABLE
    mov ebp, MAIN_SYMBOLS
    call .fill_table
    mov edi, DISTANCE_TABLE
    mov ebp, DISTANCE_SYMBOLS
    call .fill_table
    pop ebx
    pop edi
    pop ebp

.token:
    cmp edi, ebp
    jae .block_done
    take_symbol MAIN_TABLE
    cmp edx, LITERALS
    jae .match
    mov [edi], dl
    inc edi
    jmp .token
.match:
    sub edx, LITERALS
    take_value
    add edx, SHORTEST_MATCH
    push edx
    take_symbol DISTANCE_TABLE
    take_value
    pop ecx
    test edx, edx                          ; 0: as far back as the last one
    jz .distance_known
    mov ebx, edx
.distance_known:
    lea eax, [edi + ecx]
    cmp eax, ebp
    ja .damaged
    mov eax, edi
    sub eax, PHYSICAL(text_start)
    cmp ebx, eax
    ja .damaged
    mov edx, esi
    mov esi, edi
    sub esi, ebx
    rep movsb                              ; it may overlap what it makes
    mov esi, edx
    jmp .token
.block_done:
    cmp edi, PHYSICAL(unpacked_names_end)
    jne .block

    ; Calls and jumps get their distances back.
    mov esi, PHYSICAL(text_start)
    mov ebp, [CODE_BYTES]
    lea ebp, [esi + ebp - OPERAND_BYTES]
    mov ebx, [MARK]
.find_opcode:
    cmp esi, ebp
    jae .filter_undone
    lodsb
    and al, OPCODE_MASK
    cmp al, CALL_OPCODE
    jne .find_opcode
    lodsd
    cmp al, bl
    jne .find_opcode
    bswap eax
    and eax, 0x00FFFFFF
    add eax, PHYSICAL(text_start)
    sub eax, esi
    mov [esi - OPERAND_BYTES], eax
    jmp .find_opcode
.filter_undone:

    mov esi, PHYSICAL(text_start)
    xor eax, eax
.add_word:
    rol eax, 1
    add eax, [esi]
    add esi, 4
    cmp esi, PHYSICAL(unpacked_names_end)
    jb .add_word
    cmp eax, [CHECKSUM]
    jne .damaged

    mov esi, PHYSICAL(unpacked_end)        ; the names to their place
    mov edi, PHYSICAL(symbols_start)
    mov ecx, symbols_words
    rep movsd
    mov edi, PHYSICAL(unpacked_end)        ; the first of .bss
    mov ecx, symbols_words
    xor eax, eax
    rep stosd
    mov edi, MAIN_TABLE                    ; blank, as the loader left them
    mov ecx, 2 * TABLE_BYTES / 4
    rep stosd
    mov edi, PHYSICAL(image_end)           ; the packed bytes: free frames, as blank as the others
    mov ecx, packed_words
    rep stosd
    pop ebp
    ret

; Reads a code's lengths and fills its table. EDI: the table. EBP: how many symbols.
; The lengths are read anew for each of the lengths: so the codes come ordered, and the table fills upwards.
; EDX: the length in work. EBX: the symbol.
.fill_table:
    lea eax, [edi + TABLE_BYTES]
    push eax
    push esi
    xor edx, edx
.next_length:
    inc edx
    mov esi, [esp]
    xor ebx, ebx
.next_symbol:
    peek
    add esi, 4
    shr eax, 28
    cmp eax, edx
    jne .other_length
    mov ecx, LONGEST_CODE
    sub ecx, edx
    mov eax, 1
    shl eax, cl
    mov ecx, eax
    lea eax, [edi + ecx * 2]
    cmp eax, [esp + 4]
    ja .damaged
    mov eax, ebx
    shl eax, 4
    or eax, edx
    rep stosw
.other_length:
    inc ebx
    cmp ebx, ebp
    jb .next_symbol
    cmp edx, LONGEST_CODE
    jb .next_length
    pop eax
    pop eax
    cmp edi, eax                           ; a table with a gap would find codes that nobody made
    jne .damaged
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
