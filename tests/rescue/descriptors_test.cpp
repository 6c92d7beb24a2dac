// What GDT, IDT and TSSs must be, decoded as the SDM lays them out (3A 3.4.5, 6.11, 7.2), by other code than
// that which makes them.
#include "kernel/rescue/descriptors.hpp"

#include <cstring>
#include <gtest/gtest.h>

namespace pagelab::rescue {
namespace {

constexpr Places kPlaces = {.first_stub = 0xc0102100,
                            .main_stack = 0xc0148000,
                            .rescue_directory = 0x00152000,
                            .vectors = 0xff400000,
                            .entry = {0, 0xff52e000, 0xff52e010, 0xff52e020, 0xff52e030},
                            .stack = {0, 0xff556000, 0xff558000, 0xff556000, 0xff556000}};

std::uint32_t base_of(Descriptor descriptor) {
    return static_cast<std::uint32_t>((descriptor >> 16 & 0xffffff) | (descriptor >> 56 << 24));
}
std::uint32_t limit_of(Descriptor descriptor) {
    return static_cast<std::uint32_t>((descriptor & 0xffff) | (descriptor >> 32 & 0xf0000));
}
std::uint32_t access_of(Descriptor descriptor) {
    return static_cast<std::uint32_t>(descriptor >> 40 & 0xff);
}
std::uint32_t offset_of(Descriptor gate) {
    return static_cast<std::uint32_t>((gate & 0xffff) | (gate >> 48 << 16));
}

Vectors expected() {
    Vectors vectors{};
    for (std::uint32_t word = 0; word < kVectorsWords; ++word) {
        const std::uint32_t value = vectors_word(word, kPlaces).value;
        std::memcpy(reinterpret_cast<char*>(&vectors) + word * 4, &value, 4);
    }
    return vectors;
}

TEST(Descriptors, SegmentsAreFlatPresentAndAccessed) {
    for (const std::uint32_t selector : {0x08u, 0x10u, 0x1bu, 0x23u}) {
        const Descriptor segment = gdt_entry(selector / 8, kPlaces);
        EXPECT_EQ(base_of(segment), 0u);
        EXPECT_EQ(limit_of(segment), 0xfffffu);
        EXPECT_EQ(access_of(segment) & 0x91, 0x91u) << "P, S and A";
        EXPECT_EQ(access_of(segment) >> 5 & 3, selector & 3);
    }
    EXPECT_EQ(gdt_entry(0, kPlaces), 0u);
    EXPECT_EQ(gdt_entry(10, kPlaces), 0u);
}

TEST(Descriptors, EachTaskHasAWholeStateWithinThePage) {
    for (std::uint32_t task = 0; task < kTaskCount; ++task) {
        const Descriptor state = gdt_entry(selector(static_cast<Task>(task)) / 8, kPlaces);
        EXPECT_EQ(access_of(state), 0x89u) << "present, available";
        EXPECT_EQ(limit_of(state), 103u);
        EXPECT_GE(base_of(state), kPlaces.vectors);
        EXPECT_LE(base_of(state) + 104, kPlaces.vectors + 4096);
    }
}

TEST(Descriptors, WhatTheKernelCantHandleHasATaskGateAndTheRestAStub) {
    for (std::uint32_t vector = 0; vector < kVectorCount; ++vector) {
        const Descriptor gate = idt_entry(vector, kPlaces);
        const bool task = vector == 2 || vector == 8 || (vector >= 10 && vector <= 12) || vector == 18;
        if (vector >= kStubCount) {
            EXPECT_EQ(gate, 0u) << vector;
        } else if (task) {
            EXPECT_EQ(access_of(gate), 0x85u) << vector;
            EXPECT_GT(gate >> 16 & 0xffff, selector(Task::main)) << vector;
        } else {
            EXPECT_EQ(access_of(gate), vector == 3 ? 0xeeu : 0x8eu) << vector;
            EXPECT_EQ(offset_of(gate), kPlaces.first_stub + vector * 16) << vector;
            EXPECT_EQ(gate >> 16 & 0xffff, kKernelCode) << vector;
        }
    }
}

TEST(Descriptors, ThePageHoldsAllOfThem) {
    const Vectors vectors = expected();
    EXPECT_EQ(vectors.idt[14], idt_entry(14, kPlaces));
    EXPECT_EQ(vectors.gdt[2], gdt_entry(2, kPlaces));
    const TaskState& fault = vectors.tasks[1].state;
    EXPECT_EQ(fault.cr3, kPlaces.rescue_directory);
    EXPECT_EQ(fault.eip, kPlaces.entry[1]);
    EXPECT_EQ(fault.esp, kPlaces.stack[1]);
    EXPECT_EQ(fault.eflags, 2u) << "interrupts off, NT off";
    EXPECT_EQ(fault.cs, 0x08u);
    EXPECT_EQ(fault.ss, 0x10u);
    EXPECT_EQ(fault.ldt, 0u);
    EXPECT_EQ(fault.io_map_base, sizeof(TaskState)) << "no port is open";
    EXPECT_EQ(vectors.tasks[0].state.ss0, 0x10u);
    EXPECT_EQ(vectors.tasks[0].state.esp0, kPlaces.main_stack);
}

TEST(Descriptors, WhatTheCpuWritesIsNoDamage) {
    constexpr std::uint32_t kGdt = offsetof(Vectors, gdt) / 4;
    constexpr std::uint32_t kTasks = offsetof(Vectors, tasks) / 4;
    EXPECT_EQ(vectors_word(kGdt + 2 * 5 + 1, kPlaces).mask, ~kBusy);
    EXPECT_EQ(vectors_word(kGdt + 2 * 1 + 1, kPlaces).mask, ~0u);
    EXPECT_EQ(vectors_word(kTasks + offsetof(TaskState, eip) / 4, kPlaces).mask, 0u)
        << "saved in the main one";
    EXPECT_EQ(vectors_word(kTasks + 32 + offsetof(TaskState, eip) / 4, kPlaces).mask, ~0u);
    EXPECT_EQ(vectors_word(kTasks + 32, kPlaces).mask, 0u) << "the link of a task that was entered";
}

} // namespace
} // namespace pagelab::rescue
