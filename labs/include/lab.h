/* All that a lab's file needs. One 32-bit machine, ring 0, paging on.
 *
 * Nothing else is there: no library, no printf. Your functions are commands of the shell:
 *     pagelab> call map 0x40000000 0x00300000 3
 */
#ifndef PAGELAB_LAB_H
#define PAGELAB_LAB_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The directory's slot that leads to the directory itself. */
#ifndef SELF_MAP_SLOT
#define SELF_MAP_SLOT 1023u
#endif

/* Where the window begins in which every page table appears, slot 0's first ... */
#define TABLE_WINDOW (SELF_MAP_SLOT << 22)
/* ... and where the directory itself appears. */
#define DIRECTORY_WINDOW (TABLE_WINDOW | SELF_MAP_SLOT << 12)

/* One entry, as the CPU reads it. It changes entries, too (A and D): hence volatile. */
typedef volatile uint32_t entry_t;

#define PAGE_SIZE 4096u
#define ENTRY_COUNT 1024u

/* Bits of an entry, by Intel's names (SDM 3A, tables 4-5 and 4-6). */
#define ENTRY_P 0x001u   /* present */
#define ENTRY_RW 0x002u  /* writable */
#define ENTRY_US 0x004u  /* user, that is ring 3, may use it */
#define ENTRY_A 0x020u   /* accessed */
#define ENTRY_D 0x040u   /* dirty; in a PTE */
#define ENTRY_PS 0x080u  /* a 4 MiB page; in a PDE */
#define ENTRY_FRAME 0xFFFFF000u

/* What the kernel offers, at the beginning of your program's memory. */
#define LAB_SERVICES (0xC0900000u + 36u)
typedef uint32_t (*lab_alloc_t)(void);
typedef void (*lab_free_t)(uint32_t);

/* The physical address of a frame that is yours now; 0 if there is none. It is full of garbage. */
static inline uint32_t frame_alloc(void) {
    return ((lab_alloc_t) * (volatile uint32_t *)LAB_SERVICES)();
}

/* Gives a frame back. Nothing may lead to it any more. */
static inline void frame_free(uint32_t pa) {
    ((lab_free_t) * (volatile uint32_t *)(LAB_SERVICES + 4u))(pa);
}

/* The CPU forgets what it knows of the page at this address. */
static inline void invlpg(uint32_t va) { __asm__ volatile("invlpg (%0)" : : "r"(va) : "memory"); }

/* Another directory, by its physical address; or the same again, which forgets all pages that are not global. */
static inline void load_cr3(uint32_t pa) { __asm__ volatile("movl %0, %%cr3" : : "r"(pa) : "memory"); }

#ifdef __cplusplus
}
#endif

#endif
