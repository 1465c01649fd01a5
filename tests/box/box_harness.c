/* The tests' console: see box_harness.h. */
#include "box_harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"

struct sl_loop *loop;
struct sl_box_pool *pool;
char dir[256];
static char tmp[300];
const struct sl_box_limits small = { .memory = UINT64_C(256) << 20, .tmp = UINT64_C(64) << 20, .threads = 2 };

int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void pool_again(const struct sl_box_limits *limits, unsigned max)
{
  static char exe[512];
  struct sl_err err = { 0 };
  sl_box_pool_close(pool);
  pool = NULL;
  ssize_t n = readlink("/proc/self/exe", exe, sizeof exe - 1);
  assert_true(n > 0);
  exe[n] = 0;
  const char *const libs[] = { "/nonexistent", SLUICE_ENGINES, NULL }, *const roots[] = { dir, NULL };
  struct sl_box_opts o = { .loop = loop, .exe = exe, .lib_dirs = libs, .roots = roots, .tmp_dir = tmp, .limits = *limits, .max = max };
  if (sl_box_pool_open(&pool, &o, &err))
    fail_msg("%s", err.msg);
}

int pool_setup(void **state)
{
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/sluice-boxtest-XXXXXX");
  if (!mkdtemp(dir) || sl_loop_open(&loop, NULL))
    return -1;
  snprintf(tmp, sizeof tmp, "%s-tmp", dir);
  pool_again(&small, 2);
  return 0;
}

int pool_teardown(void **state)
{
  (void)state;
  sl_box_pool_close(pool);
  pool = NULL;
  sl_loop_close(loop);
  loop = NULL;
  bool left = rmdir(tmp) != 0; /* the pool has removed what was its own */
  if (left)
    (void)!sl_rmtree(tmp, NULL);
  (void)!sl_rmtree(dir, NULL);
  if (left)
    fprintf(stderr, "the pool left something in %s\n", tmp);
  return left || sl_alloc_live() > 0 ? -1 : 0;
}

void write_file(const char *name, const void *p, size_t n)
{
  char path[512];
  snprintf(path, sizeof path, "%s/%s", dir, name);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(p, 1, n, f), n);
  fclose(f);
}

void write_text(const char *name, const char *text)
{
  write_file(name, text, strlen(text));
}

/* ---- one job ---- */

static void on_head(void *user, struct sl_schema *s, int64_t total)
{
  struct run *r = user;
  (void)total;
  r->heads++;
  r->schema = sl_schema_ref(s);
  for (size_t i = 0; i < sl_schema_count(s); i++)
    sl_buf_printf(&r->text, "%s%s:%s", i ? " " : "", sl_schema_col(s, i)->name, sl_type_name(sl_schema_col(s, i)->type));
  sl_buf_ch(&r->text, '\n');
}

static int on_rows(void *user, struct sl_batch **take)
{
  struct run *r = user;
  for (uint32_t row = 0; row < sl_batch_count(*take) && r->text.n < 100000; row++) {
    for (unsigned i = 0; i < sl_schema_count(r->schema); i++) {
      struct sl_val v = sl_batch_get(*take, row, i);
      sl_buf_z(&r->text, i ? "|" : "");
      if (v.null)
        sl_buf_z(&r->text, "null");
      else
        sl_val_text(&r->text, &v);
    }
    sl_buf_ch(&r->text, '\n');
  }
  return ++r->batches == r->pause_after ? SL_EAGAIN : SL_OK;
}

static int on_bytes(void *user, struct sl_str piece)
{
  struct run *r = user;
  sl_buf_str(&r->bytes, piece);
  return SL_OK;
}

static void on_progress(void *user, double done, double total)
{
  struct run *r = user;
  r->progress++;
  (void)done;
  (void)total;
}

static void on_feed(void *user, size_t input)
{
  struct run *r = user;
  if (r->feed)
    r->feed(r, input);
}

static void on_done(void *user, int rc, const struct sl_err *err, const char *file, uint64_t rows)
{
  struct run *r = user;
  r->job = NULL;
  r->rc = rc;
  r->err = *err;
  r->rows = rows;
  if (file)
    snprintf(r->file, sizeof r->file, "%s", file);
}

void run_start(struct run *r, const struct sl_box_work *w)
{
  static const struct sl_box_ops ops = { .head = on_head, .rows = on_rows, .bytes = on_bytes, .progress = on_progress, .feed = on_feed,
                                         .done = on_done };
  sl_buf_init(&r->text, 0);
  sl_buf_init(&r->bytes, 64 << 20);
  assert_int_equal(sl_box_start(&r->job, pool, w, &ops, r, &r->err), SL_OK);
}

bool turn_until(bool (*fn)(void *user), void *user, int ms)
{
  for (int64_t end = now_ms() + ms; now_ms() < end;) {
    if (fn(user))
      return true;
    sl_loop_turn(loop, 20);
  }
  return fn(user);
}

static bool ended(void *user)
{
  return !((struct run *)user)->job;
}

void run_wait(struct run *r, int ms)
{
  if (!turn_until(ended, r, ms))
    fail_msg("the job has not ended after %d ms", ms);
}

void run_free(struct run *r)
{
  if (r->job)
    sl_box_job_cancel(r->job);
  sl_buf_free(&r->text);
  sl_buf_free(&r->bytes);
  sl_schema_unref(r->schema);
  memset(r, 0, sizeof *r);
}

void run_sql(struct run *r, const char *sql)
{
  run_start(r, &(struct sl_box_work){ .kind = "sql", .text = sl_str(sql) });
  run_wait(r, 60000);
}

void expect_sql(const char *sql, const char *text)
{
  struct run r = { 0 };
  run_sql(&r, sql);
  if (r.rc)
    print_error("%s: %s\n", sql, r.err.msg);
  assert_int_equal(r.rc, SL_OK);
  assert_string_equal(sl_buf_zstr(&r.text), text);
  assert_int_equal(r.heads, 1);
  run_free(&r);
}

void expect_error(const char *sql, int rc, const char *part)
{
  struct run r = { 0 };
  run_sql(&r, sql);
  if (r.rc != rc || !strstr(r.err.msg, part) || strchr(r.err.msg, '\n'))
    fail_msg("%s: %s (%s), not %s with \"%s\"", sql, r.err.msg, sl_code_name(r.rc), sl_code_name(rc), part);
  run_free(&r);
}

int harness_main(int argc, char **argv, const struct sl_box_worker *const *extra, const struct CMUnitTest *tests, size_t n)
{
  if (argc > 1 && !strcmp(argv[1], "--box"))
    return sl_box_main_with(argc, argv, extra);
  return _cmocka_run_group_tests("box", tests, n, NULL, NULL);
}
