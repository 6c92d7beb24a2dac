#include "lab.h"

#define DIRECTORY ((entry_t *)DIRECTORY_WINDOW)
#define TABLES ((entry_t *)TABLE_WINDOW)

/* Takes the page of va away: afterwards the CPU uses nothing there. The physical address of the frame that was
 * there; 0 if none was, and then nothing has changed. Page table and frame stay whose they are. */
uint32_t unmap(uint32_t va) {
    (void)va;
    return 0; /* TODO */
}

/* The three that follow do the right thing to the tables. The CPU does not always notice. */

/* Lets the page of va, which is mapped, lead to the frame at pa, with the same rights. */
void move(uint32_t va, uint32_t pa) {
    TABLES[va >> 12] = pa | (TABLES[va >> 12] & ~ENTRY_FRAME);
}

/* The page of va, which is mapped, can be read as before, but no longer written. */
void make_read_only(uint32_t va) {
    TABLES[va >> 12] &= ~ENTRY_RW;
    invlpg(va >> 12);
}

/* Another page table for the 4 MiB around va: that in the frame at table, with the same rights in the PDE. Only the
 * page of va has been used there. What the new table says of va, read through the window. */
uint32_t switch_table(uint32_t va, uint32_t table) {
    uint32_t before = TABLES[va >> 12];
    DIRECTORY[va >> 22] = table | (DIRECTORY[va >> 22] & ~ENTRY_FRAME);
    if (before & ENTRY_P) {
        invlpg(va);
    }
    return TABLES[va >> 12];
}

/* Answers
 * Q1:
 * Q2:
 * Q3:
 */
