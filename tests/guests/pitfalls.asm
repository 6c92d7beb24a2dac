; One pitfall of paging through a self-map, made for real: -DPITFALL=NUMBER. pitfalls.toml tells each in words,
; the effect that the guest shows on QEMU's debug console, and what the debugger must say of it.
;   nasm -f elf32 -i tests/guests/ -DPITFALL=1 pitfalls.asm -o pitfalls.o && ld -m elf_i386 -T selfmap.ld pitfalls.o
; It ends with the line "done", also after a #PF ("fault CR2 CODE"), and then loops. All start from here:
;   slot 0     table 0x00201000: the first 2 MiB on themselves (no table lies there)
;   slot 64    table 0x00202000: page 0 -> 0x00300000
;   slot 65    table 0x00203000: page 0 -> 0x00301000
;   slot 1023  the directory, 0x00200000
;   0x00204000 another directory with the same slot 0 and a self-map, its slot 64 table 0x00205000 is empty
%include "bits.inc"
%define ENTRY_SIZE 4
%define DIR    0x00200000
%define LOW    0x00201000
%define T64    0x00202000
%define T65    0x00203000
%define OTHER  0x00204000
%define OTHER64 0x00205000
%define PDE(slot)       dword [0xFFFFF000 + 4 * (slot)]
%define PTE(slot, page) dword [0xFFC00000 + 0x1000 * (slot) + 4 * (page)]
%define PAGE(slot, page) ((slot) << 22 | (page) << 12)

%macro tables 0
    pages LOW, P | RW, 512
    entry DIR + 4 * 0, LOW | P | RW
    entry DIR + 4 * 64, T64 | P | RW
    entry DIR + 4 * 65, T65 | P | RW
    entry DIR + 4 * 1023, DIR | P | RW
    entry T64 + 4 * 0, 0x00300000 | P | RW
    entry T65 + 4 * 0, 0x00301000 | P | RW
    entry OTHER + 4 * 0, LOW | P | RW
    entry OTHER + 4 * 64, OTHER64 | P | RW
    entry OTHER + 4 * 1023, OTHER | P | RW
%endmacro
%include "boot.inc"

; effect VALUE: a line with the word that shows it
%macro effect 1
    mov eax, %1
    call effect_line
%endmacro

global _start
_start:
    cli
    cld
    mov esp, stack_top
    call flat_segments
    call handle_faults
    call fill_tables
    mov dword [resume], done
    mov dword [0x00300000], 0x11111111
    mov dword [0x00301000], 0x22222222
    mov eax, PSE | PGE
    mov cr4, eax
    mov eax, DIR
    mov cr3, eax
    mov eax, cr0
    or eax, CR0_PG | CR0_WP
    mov cr0, eax
    call pitfall
done:
    say "done"
.stay:
    pause
    jmp .stay

effect_line:
    push esi
    mov esi, effect_text
    call put_text
    call say_hex
    mov al, 10
    out 0xE9, al
    pop esi
    ret

pitfall:
%if PITFALL == 1                        ; the self-map slot is removed
    mov eax, PDE(0)                     ; the window is in the TLB
    mov PDE(1023), 0
    effect PDE(64)                      ; still works
    invlpg [0xFFFFF000]
    mov eax, [0xFFFFF000]
%elif PITFALL == 2                      ; a PDE is switched, only the page is flushed
    or PTE(64, 0), 0                    ; a write: an entry without D would be walked again
    mov PDE(64), OTHER64 | P | RW
    invlpg [PAGE(64, 0)]
    mov PTE(64, 1), 0x00302000 | P | RW ; lands in the old table
    mov eax, [PAGE(64, 1)]
%elif PITFALL == 3                      ; the foreign window is retargeted with one invlpg
    mov PDE(1022), DIR | P | RW
    or dword [PAGE(1022, 64)], 0        ; table 64 of the first space
    mov PDE(1022), OTHER | P | RW
    invlpg [PAGE(1022, 1023)]           ; 1,023 of its pages may still be the old ones
    mov dword [PAGE(1022, 64) + 4 * 1], 0x00302000 | P | RW
    mov eax, OTHER
    mov cr3, eax
    mov eax, [PAGE(64, 1)]
%elif PITFALL == 4                      ; invlpg for the wrong space
    or dword [PAGE(64, 0)], 0           ; page 64:0 is in the TLB, for writing
    mov PDE(1022), DIR | P | RW         ; the space is edited as if it were a foreign one
    mov dword [PAGE(1022, 64)], 0x00302000 | P | RW
    invlpg [PAGE(1022, 64)]             ; flushed where it was edited, not where it counts
    mov PDE(66), 0x00300000 | P | RW
    mov PTE(66, 0), 0x00303000 | P | RW
    mov dword [PAGE(64, 0)], 0x000000ee ; goes to frame 0x00300000, the table of slot 66 by now
    mov eax, [PAGE(66, 0)]
%elif PITFALL == 5                      ; US on the self-map
    mov PDE(1023), DIR | P | RW | US
    mov PTE(64, 0), 0x00300000 | P | RW | US
    mov PDE(64), T64 | P | RW | US
    effect PDE(1023)
%elif PITFALL == 6                      ; a directory is copied byte by byte, self-map included
    mov PTE(64, 2), OTHER | P | RW
    mov esi, 0xFFFFF000
    mov edi, PAGE(64, 2)
    mov ecx, 1024
    rep movsd
    mov PTE(64, 2), 0
    mov eax, OTHER
    mov cr3, eax
    mov PDE(66), T65 | P | RW           ; an edit in the child
    mov eax, DIR
    mov cr3, eax
    effect PDE(66)                      ; stands in the parent
    mov eax, OTHER
    mov cr3, eax
%elif PITFALL == 7                      ; PDE.RW = 0
    mov PDE(64), T64 | P
    mov eax, cr3
    mov cr3, eax
    mov PTE(64, 1), 0x00302000 | P | RW
%elif PITFALL == 8                      ; leaf flags copied into the PDE
    mov PTE(64, 0), 0x00300000 | P
    mov PTE(64, 1), 0x00302000 | P | RW
    mov eax, PTE(64, 0)
    and eax, RW | US
    or eax, T64 | P
    mov PDE(64), eax
    mov eax, cr3
    mov cr3, eax
    mov dword [PAGE(64, 1)], 1
%elif PITFALL == 9                      ; a 4 MiB PDE: its window page is data
    mov PDE(66), 0x00000000 | P | RW | PS
    mov PTE(65, 0), 0x00000000 | P | RW ; its first frame, seen otherwise
    mov eax, cr3
    mov cr3, eax
    mov PTE(66, 5), 0x00302000 | P | RW ; "map 66:5"
    effect dword [PAGE(65, 0) + 4 * 5]
%elif PITFALL == 10                     ; bit 7 of a PTE (PAT) copied into a PDE (PS)
    mov eax, T64 | P | RW | PAT
    mov PDE(64), eax
    mov eax, cr3
    mov cr3, eax
    mov eax, [PAGE(64, 0)]
%elif PITFALL == 11                     ; using the window sets A and D in the PDEs
    mov PDE(64), T64 | P | RW | US
    mov eax, cr3
    mov cr3, eax
    mov eax, PTE(64, 0)
    effect PDE(64)
    mov eax, cr3
    mov cr3, eax
    mov PTE(64, 1), 0x00302000 | P | RW
    effect PDE(64)
%elif PITFALL == 12                     ; G on the self-map
    mov PDE(1023), DIR | P | RW | G
    mov PDE(64), T64 | P | RW | G
    effect PDE(1023)
%elif PITFALL == 13                     ; the table is absent
    mov PTE(66, 3), 0x00302000 | P | RW
%elif PITFALL == 14                     ; a freed table stays reachable, also after it is used again
    mov PTE(65, 1), T64 | P | RW        ; its frame is data now; slot 64 still names it
    mov dword [PAGE(65, 1)], 0x12345672 ; data, which the CPU takes for PTE 64:0
    invlpg [PAGE(64, 0)]
    mov eax, [PAGE(64, 0)]
%elif PITFALL == 15                     ; an entry changes without invlpg
    or dword [PAGE(64, 0)], 0
    mov PTE(64, 0), 0x00302000 | P | RW ; frame 0x00300000 is free and becomes the table of slot 66
    mov PDE(66), 0x00300000 | P | RW
    mov PTE(66, 0), 0x00303000 | P | RW
    mov dword [PAGE(64, 0)], 0x000000ee ; meant for frame 0x00302000
    mov eax, [PAGE(66, 0)]
%elif PITFALL == 16                     ; entry & (P | U) as a truth test
    mov eax, PTE(64, 0)
    and eax, P | US
    effect eax                          ; not 0, so "the user may"
%elif PITFALL == 17                     ; the directory ends at 4 GiB: p < pd + 1024 is never true
    mov PTE(64, 2), OTHER | P | RW
    mov edi, 0xFFFFF000 + 4 * 65
    mov edx, (0xFFFFF000 + 4 * 1024) & 0xFFFFFFFF   ; 0
.copy:
    cmp edi, edx
    jae .copied
    mov eax, [edi]
    mov [edi - 0xFFFFF000 + PAGE(64, 2)], eax
    add edi, 4
    jmp .copy
.copied:
    mov PTE(64, 2), 0
    mov eax, OTHER
    mov cr3, eax
    mov eax, [PAGE(65, 0)]
%elif PITFALL == 18                     ; a virtual address is stored in a PDE
    mov PTE(65, 2), OTHER64 | P | RW
    mov PDE(66), PAGE(65, 2) | P | RW
    mov eax, [PAGE(66, 0)]
%elif PITFALL == 19                     ; KiB taken for bytes: one frame is stack and page table
    mov PTE(65, 1), T64 | P | RW        ; "a free frame"
    invlpg [PAGE(64, 0)]
    mov ebx, esp
    mov esp, PAGE(65, 1) + 4
    push dword 0x00000f00
    mov esp, ebx
    mov eax, [PAGE(64, 0)]
%elif PITFALL == 20                     ; the directory's own slot is freed with the tables
    mov PTE(65, 1), DIR | P | RW        ; the frame is given to somebody
    mov dword [PAGE(65, 1) + 4 * 64], 0 ; who clears it
    mov eax, cr3
    mov cr3, eax
    mov eax, [PAGE(64, 0)]
%elif PITFALL == 21                     ; a temporary window stays open on an error path
    mov PTE(65, 1), T64 | P | RW        ; opened for table 64, never closed
    mov dword [PAGE(65, 1) + 4 * 0], 0  ; the next user clears "his" frame
    invlpg [PAGE(64, 0)]
    mov eax, [PAGE(64, 0)]
%elif PITFALL == 22                     ; copy-on-write with CR0.WP = 0
    mov PTE(65, 0), 0x00300000 | P
    mov PTE(64, 0), 0x00300000 | P
    mov eax, cr0
    and eax, ~CR0_WP
    mov cr0, eax
    mov eax, cr3
    mov cr3, eax
    mov dword [PAGE(64, 0)], 0x33333333
    effect dword [PAGE(65, 0)]          ; the other one's page
%else
%error "there are 22"
%endif
    ret

section .data
effect_text: db 'effect ', 0
