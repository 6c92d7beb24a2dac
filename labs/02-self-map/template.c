#include "lab.h"

/* Where the page tables appear when this slot of the directory leads to the directory itself: slot 0's first. */
uint32_t table_window(uint32_t slot) {
    (void)slot;
    return 0; /* TODO */
}

/* Where the directory itself appears then. */
uint32_t directory_window(uint32_t slot) {
    (void)slot;
    return 0; /* TODO */
}

/* The address at which the PTE of va can be read on this machine: a multiple of 4. */
uint32_t pte_address(uint32_t va) {
    (void)va;
    return 0; /* TODO */
}

/* The address at which the PDE of va can be read on this machine. */
uint32_t pde_address(uint32_t va) {
    (void)va;
    return 0; /* TODO */
}

/* The other way: the first address of the page whose PTE is at this address of the window. A page fault in the
 * window tells CR2; this tells which page's table was missing. */
uint32_t page_of(uint32_t pte_address) {
    (void)pte_address;
    return 0; /* TODO */
}

/* An article shows this as the way to map a page. One line of it is wrong, and something is missing around it.
 * Mend it: 1 if the page is there now, 0 if no frame was left for a table. A new table is empty. */
int map(uint32_t va, uint32_t pa, uint32_t flags) {
    entry_t *page_dir = (entry_t *)DIRECTORY_WINDOW;
    entry_t *page_tables = (entry_t *)TABLE_WINDOW;

    page_dir[va >> 22] = (uint32_t)&page_tables[va >> 12] | flags;
    page_tables[va >> 12] = pa | flags;
    return 1;
}

/* Answers
 * Q1:
 * Q2:
 * Q3:
 */
