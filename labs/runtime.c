/* What a compiler calls without being asked; linked beside a student's file. */
#include <stddef.h>

void *memcpy(void *target, const void *source, size_t size) {
    void *to = target;
    __asm__ volatile("rep movsb" : "+D"(to), "+S"(source), "+c"(size) : : "memory");
    return target;
}

void *memset(void *target, int value, size_t size) {
    void *to = target;
    __asm__ volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(value) : "memory");
    return target;
}

void *memmove(void *target, const void *source, size_t size) {
    char *to = target;
    const char *from = source;
    if (to < from) {
        return memcpy(target, source, size);
    }
    for (size_t i = size; i > 0; --i) {
        ((volatile char *)to)[i - 1] = from[i - 1];
    }
    return target;
}

int memcmp(const void *a, const void *b, size_t size) {
    const unsigned char *x = a;
    const unsigned char *y = b;
    for (; size > 0 && *x == *y; --size, ++x, ++y) {
    }
    return size > 0 ? *x - *y : 0;
}
