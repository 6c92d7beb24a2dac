#include "lab.h"

#define DIRECTORY ((entry_t *)DIRECTORY_WINDOW)
#define TABLES ((entry_t *)TABLE_WINDOW)

uint32_t unmap(uint32_t va) {
    if (!(DIRECTORY[va >> 22] & ENTRY_P) || !(TABLES[va >> 12] & ENTRY_P)) {
        return 0;
    }
    uint32_t frame = TABLES[va >> 12] & ENTRY_FRAME;
    TABLES[va >> 12] = 0;
    invlpg(va);
    return frame;
}

void move(uint32_t va, uint32_t pa) {
    TABLES[va >> 12] = pa | (TABLES[va >> 12] & ~ENTRY_FRAME);
    invlpg(va);
}

void make_read_only(uint32_t va) {
    TABLES[va >> 12] &= ~ENTRY_RW;
    invlpg(va);
}

uint32_t switch_table(uint32_t va, uint32_t table) {
    uint32_t before = TABLES[va >> 12];
    DIRECTORY[va >> 22] = table | (DIRECTORY[va >> 22] & ~ENTRY_FRAME);
    if (before & ENTRY_P) {
        invlpg(va);
    }
    invlpg((uint32_t)&TABLES[va >> 12]);
    return TABLES[va >> 12];
}

/* Answers
 * Q1: The TLB still holds it: the entry was cached by the first access.
 * Q2: The CPU never caches that a page is absent, so there is nothing to forget.
 * Q3: The window's own page: it showed the old table.
 */
