/* A folder of leases with everything failing: whoever is told that the lease is theirs has it alone, whoever is told no has nothing that
 * counts for long, and what was begun leaves no file of its own behind. The system calls fail, too: the linker sends them to wrap.c. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "judge/lease.h"
#include "lab.h"
#include "torture.h"

bool lab_tell_where, lab_half, lab_audit_only; /* wrap.c's */

#define WHAT SL_STR("http://mlflow cancer")

static char dir[64];
static struct sl_holder me, other;
static struct sl_lease_dir mine, theirs;

static int take(struct sl_lease_dir *x, const struct sl_holder *who, struct sl_err *err)
{
  struct sl_buf note;
  sl_buf_init(&note, 4096);
  int rc = sl_lease_dir_take(x, dir, WHAT, who, &note, err);
  sl_buf_free(&note);
  return rc;
}

static void before(void)
{
  struct sl_err e = { 0 };
  snprintf(dir, sizeof dir, "/tmp/sluice-torture-XXXXXX");
  assert_non_null(mkdtemp(dir));
  assert_int_equal(sl_holder_me(&me, "ana", 1000, &e), SL_OK);
  assert_int_equal(sl_holder_me(&other, "ben", 1000, &e), SL_OK);
  assert_int_equal(take(&theirs, &other, &e), SL_OK); /* given back: the next number is not the first */
  assert_int_equal(sl_lease_dir_give_back(&theirs, dir, &other, &e), SL_OK);
  theirs = mine = (struct sl_lease_dir){ 0 };
}

static void finish(void)
{
  assert_int_equal(sl_rmtree(dir, NULL), SL_OK);
}

static void no_litter(void)
{
  DIR *d = opendir(dir);
  assert_non_null(d);
  for (const struct dirent *f; (f = readdir(d));)
    if (f->d_name[0] == '.' && strcmp(f->d_name, ".") != 0 && strcmp(f->d_name, "..") != 0)
      fail_msg("left behind: %s", f->d_name);
  closedir(d);
}

/* ---- taken ---- */

static int take_run(struct sl_err *err)
{
  return take(&mine, &me, err);
}

static void take_after(int rc, bool harmed)
{
  struct sl_err e = { 0 };
  int got = take(&theirs, &other, &e);
  no_litter();
  if (!rc) {
    assert_int_equal(sl_lease_dir_check(&mine, dir, &e), SL_OK);
    assert_int_equal(got, SL_ECONFLICT);
  } else {
    assert_true(harmed && (got == SL_OK || got == SL_ECONFLICT)); /* ours may be there, and ends by itself */
    assert_false(got == SL_OK && sl_lease_dir_check(&mine, dir, &e) == SL_OK);
  }
}

/* ---- looked at again ---- */

static void held_before(void)
{
  struct sl_err e = { 0 };
  before();
  assert_int_equal(take(&mine, &me, &e), SL_OK);
}

static int check_run(struct sl_err *err)
{
  return sl_lease_dir_check(&mine, dir, err);
}

static void check_after(int rc, bool harmed)
{
  struct sl_err e = { 0 };
  (void)rc;
  (void)harmed;
  no_litter();
  assert_int_equal(sl_lease_dir_check(&mine, dir, &e), SL_OK);
}

/* What was lost meanwhile is never held, whatever fails. */
static void lost_before(void)
{
  struct sl_err e = { 0 };
  held_before();
  assert_int_equal(sl_lease_dir_give_back(&mine, dir, &me, &e), SL_OK);
  assert_int_equal(take(&theirs, &other, &e), SL_OK);
}

static int lost_run(struct sl_err *err)
{
  int rc = sl_lease_dir_check(&mine, dir, err);
  if (!rc)
    fail_msg("two hold the lease");
  return rc == SL_ECONFLICT ? SL_OK : rc;
}

/* ---- given back ---- */

static int give_run(struct sl_err *err)
{
  return sl_lease_dir_give_back(&mine, dir, &me, err);
}

static void give_after(int rc, bool harmed)
{
  struct sl_err e = { 0 };
  (void)harmed;
  no_litter();
  int got = take(&theirs, &other, &e);
  assert_int_equal(got, rc ? SL_ECONFLICT : SL_OK); /* whole as it was, or free */
}

static void taking(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "take a lease", .always = true, .before = before, .run = take_run, .after = take_after,
                             .finish = finish });
}

static void looking_again(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "check a lease", .always = true, .before = held_before, .run = check_run, .after = check_after,
                             .finish = finish });
  torture(&(struct torture){ .name = "check a lost lease", .always = true, .before = lost_before, .run = lost_run, .finish = finish });
}

static void giving_back(void **state)
{
  (void)state;
  torture(&(struct torture){ .name = "give a lease back", .always = true, .before = held_before, .run = give_run, .after = give_after,
                             .finish = finish });
}

int main(void)
{
  sl_mem_install_hooks();
  const struct CMUnitTest tests[] = { cmocka_unit_test(taking), cmocka_unit_test(looking_again), cmocka_unit_test(giving_back) };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
