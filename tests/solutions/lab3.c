#include "lab.h"

#define DIRECTORY ((entry_t *)DIRECTORY_WINDOW)
#define TABLES ((entry_t *)TABLE_WINDOW)

uint32_t walk(uint32_t va) {
    if (!(DIRECTORY[va >> 22] & ENTRY_P)) {
        return 0;
    }
    entry_t entry = TABLES[va >> 12];
    if (!(entry & ENTRY_P)) {
        return 0;
    }
    return (entry & ENTRY_FRAME) | (va & 0xFFFu);
}

int map(uint32_t va, uint32_t pa, uint32_t flags) {
    uint32_t slot = va >> 22;
    if (!(DIRECTORY[slot] & ENTRY_P)) {
        uint32_t table = frame_alloc();
        if (table == 0) {
            return 0;
        }
        DIRECTORY[slot] = table | ENTRY_P | ENTRY_RW | ENTRY_US;
        entry_t *entries = &TABLES[slot * ENTRY_COUNT];
        invlpg((uint32_t)entries);
        for (uint32_t i = 0; i < ENTRY_COUNT; ++i) {
            entries[i] = 0;
        }
    }
    if (TABLES[va >> 12] & ENTRY_P) {
        return 0;
    }
    TABLES[va >> 12] = pa | flags | ENTRY_P;
    return 1;
}

/* Answers
 * Q1: Without its PDE the table has no address; in between it is full of garbage that looks like entries.
 * Q2: All of them: rights are the AND of both levels, and the leaf decides.
 * Q3: The CPU: walking to the window it used PDE 1023, first as a PDE and then as a PTE.
 */
