#include "lab.h"

#define DIRECTORY ((entry_t *)DIRECTORY_WINDOW)
#define TABLES ((entry_t *)TABLE_WINDOW)

int may(uint32_t pde, uint32_t pte, int write, int user, int wp) {
    uint32_t both = pde & pte;
    if (!(both & ENTRY_P)) {
        return 0;
    }
    if (user && !(both & ENTRY_US)) {
        return 0;
    }
    if (write && !(both & ENTRY_RW)) {
        return !user && !wp;
    }
    return 1;
}

int user_may_read(uint32_t va) {
    const uint32_t needed = ENTRY_P | ENTRY_US;
    if ((DIRECTORY[va >> 22] & needed) != needed) {
        return 0;
    }
    return (TABLES[va >> 12] & needed) == needed;
}

int map(uint32_t va, uint32_t pa, uint32_t flags) {
    uint32_t slot = va >> 22;
    if (!(DIRECTORY[slot] & ENTRY_P)) {
        uint32_t table = frame_alloc();
        if (table == 0) {
            return 0;
        }
        DIRECTORY[slot] = table | ENTRY_RW | ENTRY_US | ENTRY_P;
        entry_t *entries = &TABLES[slot * ENTRY_COUNT];
        invlpg((uint32_t)entries);
        for (uint32_t i = 0; i < ENTRY_COUNT; ++i) {
            entries[i] = 0;
        }
    }
    TABLES[va >> 12] = pa | flags | ENTRY_P;
    invlpg(va);
    return 1;
}

void kernel_only(uint32_t va) {
    TABLES[va >> 12] &= ~ENTRY_US;
    invlpg(va);
}

static const uint8_t predictions[20] = {
    1, 1, 1, 1, 1, 0, 1, 0, 1, 0, /* 1 to 10 */
    0, 0, 1, 0, 1, 1, 1, 0, 0, 0, /* 11 to 20 */
};
uint32_t predict(uint32_t access) { return access >= 1 && access <= 20 ? predictions[access - 1] : 9; }

/* Answers
 * Q1: The AND of both levels: a table that is read-only makes all of its 1,024 pages read-only.
 * Q2: The kernel writes to read-only pages: copy-on-write pages, its own constants.
 * Q3: The TLB may still hold the right to write; it must be flushed. More rights need no flush.
 */
