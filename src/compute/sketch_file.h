/* compute/sketch_file.h: what writer and reader of sketches share. */
#ifndef SL_COMPUTE_SKETCH_FILE_H
#define SL_COMPUTE_SKETCH_FILE_H

#include "compute/sketch_int.h"

#define SKETCH_MAGIC "SLSKETCH"
enum { SKETCH_VERSION = 1, SKETCH_HAS_NOTHING = 0, SKETCH_HAS_VALUES = 1, SKETCH_HAS_HLL = 2, SKETCH_NAME_MAX = 4096 };

/* A page whose buckets have sums. */
static inline bool sketch_plain(size_t page) { return (page & 255) != 0 && (page & 255) != SKETCH_EXPONENTS; }

#endif
