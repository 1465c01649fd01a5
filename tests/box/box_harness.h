/* What the tests of the box share: a pool over a folder of their own, and one job run to its end with everything it said. */
#ifndef SL_TESTS_BOX_HARNESS_H
#define SL_TESTS_BOX_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "box/box.h"
#include "loop/loop.h"

struct run {
  struct sl_box_job *job;      /* NULL once it ended */
  int rc, heads, progress;
  struct sl_err err;
  struct sl_buf text, bytes;   /* text: "name:type ...\n", then "cell|cell\n" a row */
  uint64_t rows;
  char file[512];
  struct sl_schema *schema;
  int pause_after;             /* batches; then EAGAIN until resume */
  int batches;
  void (*feed)(struct run *r, size_t input);
  void *feed_state;
};

extern struct sl_loop *loop;
extern struct sl_box_pool *pool;
extern char dir[];             /* absolute, the pool's only root besides its scratch folder */
extern const struct sl_box_limits small;

int pool_setup(void **state);
int pool_teardown(void **state);
void pool_again(const struct sl_box_limits *limits, unsigned max);

void run_start(struct run *r, const struct sl_box_work *w);
void run_wait(struct run *r, int ms);          /* until it has ended; fails the test when it does not */
void run_free(struct run *r);
void run_sql(struct run *r, const char *sql);  /* start and wait */
void expect_sql(const char *sql, const char *text);
void expect_error(const char *sql, int rc, const char *part);
bool turn_until(bool (*fn)(void *user), void *user, int ms);
void write_file(const char *name, const void *p, size_t n);
void write_text(const char *name, const char *text);
int64_t now_ms(void);

/* Runs the tests, or is the box: call it as the whole of main(). */
int harness_main(int argc, char **argv, const struct sl_box_worker *const *extra, const struct CMUnitTest *tests, size_t n);

#endif
