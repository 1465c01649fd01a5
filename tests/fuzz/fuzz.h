/* fuzz.h: what a target is. A file NAME.c here defines LLVMFuzzerTestOneInput(), which must neither crash nor fail a FUZZ_CHECK
 * whatever the bytes. */
#ifndef SL_TESTS_FUZZ_H
#define SL_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Counts in all builds, unlike assert(). */
#define FUZZ_CHECK(x) ((x) ? (void)0 : (fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #x), abort()))

#endif
