/* tests/torture/lab.h: a tiny workspace of files only, put back to how it was before every run. */
#ifndef SL_TESTS_TORTURE_LAB_H
#define SL_TESTS_TORTURE_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum harm { NONE, ALLOC_ONCE, ALLOC_ON, IO_ONCE, IO_ON, IO_HALF };
extern const char *const harm_words[];

extern bool lab_tell_where;     /* the runs that follow say on standard error where the failure was made */
extern bool lab_half;           /* a write that is to fail does half of it first: the disk is full */
extern bool lab_audit_only;     /* ... count and fail only what is done to write a record of the audit */

enum { LAB_OUT = 256 << 10, LAB_ERR = 8 << 10 };
/* One run of the program. */
struct ran {
  int code;                    /* exit code; -1: ended by a signal (a sanitizer's report), -2: hung */
  uint64_t allocs, ios;        /* how many it tried */
  char out[LAB_OUT], err[LAB_ERR];
};

void lab_open(void);           /* fails the cmocka test that calls it */
void lab_close(void);
/* Unharmed runs make the workspace: what is there then is what lab_again() brings back. */
void lab_keep(void);
void lab_again(void);
bool lab_touched(void);        /* whether anything is not as lab_again() left it */
/* The program with these arguments (NULL-ended), in the workspace's folder, in a process of its own. */
void lab_run(struct ran *r, const char *const *args, enum harm how, uint64_t site);
/* Everything that a run started and left goes; called by lab_again(). */
void lab_end_children(void);
const char *lab_audit(void);   /* its path */
/* Names and sizes of every file below lake/, names of executions, decisions in the registry: equal when nothing was done. */
uint64_t lab_done(void);
/* What a file says, but for its numbers; 0: it is not there. */
uint64_t lab_file(const char *path);
bool lab_file_says(const char *path, const char *words);
/* A file or folder that was not there when the run began, and is neither `but` nor what a program keeps; NULL: none. */
const char *lab_stray(const char *but);

#endif
