#include "lab.h"

uint32_t table_window(uint32_t slot) { return slot << 22; }

uint32_t directory_window(uint32_t slot) { return slot << 22 | slot << 12; }

uint32_t pte_address(uint32_t va) { return TABLE_WINDOW + (va >> 12) * 4; }

uint32_t pde_address(uint32_t va) { return DIRECTORY_WINDOW + (va >> 22) * 4; }

uint32_t page_of(uint32_t pte_address) { return (pte_address - TABLE_WINDOW) << 10; }

int map(uint32_t va, uint32_t pa, uint32_t flags) {
    entry_t *page_dir = (entry_t *)DIRECTORY_WINDOW;
    entry_t *page_tables = (entry_t *)TABLE_WINDOW;

    if (!(page_dir[va >> 22] & ENTRY_P)) {
        uint32_t table = frame_alloc();
        if (table == 0) {
            return 0;
        }
        page_dir[va >> 22] = table | ENTRY_P | ENTRY_RW | ENTRY_US;
        entry_t *entries = &page_tables[(va >> 22) * ENTRY_COUNT];
        invlpg((uint32_t)entries);
        for (uint32_t i = 0; i < ENTRY_COUNT; ++i) {
            entries[i] = 0;
        }
    }
    page_tables[va >> 12] = pa | flags;
    return 1;
}

/* Answers
 * Q1: Walking to 0xFFFFF000 uses slot 1023 twice: the directory is directory, table and page.
 * Q2: It is an address of the window, not of a frame, and it is not aligned: its low bits become flags.
 * Q3: A of the PDE: the directory was used as a table; and D, once something was written through it.
 */
