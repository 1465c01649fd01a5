/* box/duck.c: the engine's library and database.
 *
 * Walls here are the engine's own, inside those of the kernel: no extension is fetched or loaded, nothing is opened outside the roots, no
 * setting changes afterwards. */
#include "box/duck.h"

#include <dlfcn.h>
#include <stdio.h>

#include "base/fmt.h"
#include "base/mem.h"

enum { SMALL = 128 << 20 };

static int bind_calls(struct duck *d, struct sl_err *err)
{
#define DUCK_BIND(ret, name, args) { \
    void *p = dlsym(d->lib, "duckdb_" #name); \
    if (!p) \
      return sl_err_set(err, SL_EUNSUP, "libduckdb.so has no duckdb_" #name ": it is too old; ./run deps fetches the right one"); \
    memcpy(&d->name, &p, sizeof p); \
  }
  DUCK_CALLS(DUCK_BIND)
#undef DUCK_BIND
  return SL_OK;
}

int duck_load(struct duck *d, const struct wire_list *dirs, struct sl_err *err)
{
  char path[4096];
  if (!box_lib(dirs, "libduckdb.so", path, sizeof path))
    return sl_err_set(err, SL_EUNSUP, "SQL and Parquet need libduckdb.so, which is not here: ./run deps fetches it, or set SLUICE_LIB to "
                                      "its folder");
  d->lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (!d->lib)
    return sl_err_set(err, SL_EUNSUP, "cannot load the SQL engine: %s", dlerror());
  return bind_calls(d, err);
}

int duck_do(const struct duck *d, duck_conn conn, const char *sql, struct sl_err *err)
{
  duck_result r = { { 0 }, { NULL } };
  int rc = SL_OK;
  if (d->query(conn, sql, &r) != DUCK_OK)
    rc = duck_error(err, d->result_error(&r));
  d->destroy_result(&r);
  return rc;
}

/* What the engine may buffer. Half of the box's memory: readers, parsers and vectors hold nearly as much again beside it (three million
 * captured events: 410 MiB of 512). A small box gets up to eight tenths, a statement needs so much. Less where columns are sorted, too. */
static uint64_t budget(const struct wire_hello *h)
{
  if (sl_str_eqz(h->kind, "drift"))
    return h->memory / 10 * 4;
  uint64_t least = h->memory / 10 * 8, half = h->memory / 2;
  least = least < SMALL ? least : SMALL;
  return half > least ? half : least;
}

static int config(const struct duck *d, duck_config c, const struct wire_hello *h, struct sl_err *err)
{
  char memory[32];
  snprintf(memory, sizeof memory, "%lluB", (unsigned long long)budget(h));
  const char *const set[][2] = {
    { "threads", "1" }, { "memory_limit", memory }, { "autoinstall_known_extensions", "false" }, { "autoload_known_extensions", "false" },
    { "allow_community_extensions", "false" },
  };
  for (size_t i = 0; i < sizeof set / sizeof set[0]; i++)
    if (d->set_config(c, set[i][0], set[i][1]) != DUCK_OK)
      return sl_err_set(err, SL_EUNSUP, "the SQL engine knows no setting %s = %s", set[i][0], set[i][1]);
  return SL_OK;
}

int duck_open(const struct duck *d, duck_db *db, const struct wire_hello *h, struct sl_err *err)
{
  duck_config c = NULL;
  char *why = NULL;
  if (d->create_config(&c) != DUCK_OK)
    return sl_err_nomem(err);
  int rc = config(d, c, h, err);
  if (!rc && d->open_ext(NULL, db, c, &why) != DUCK_OK) {
    rc = duck_error(err, why ? why : "the SQL engine does not start");
    d->free(why);
  }
  d->destroy_config(&c);
  return rc;
}

static void add_dir(struct sl_buf *b, struct sl_str dir, bool *first)
{
  sl_buf_z(b, *first ? "" : ", ");
  *first = false;
  sl_fmt_quote(b, dir, '\'');
}

static void put_shut(struct sl_buf *b, const struct wire_hello *h)
{
  bool first = true;
  sl_buf_z(b, "SET allow_persistent_secrets = false; SET temp_directory = ");
  sl_fmt_quote(b, h->scratch, '\'');
  sl_buf_printf(b, "; SET max_temp_directory_size = '%lluB'; SET extension_directory = ", (unsigned long long)h->tmp);
  sl_fmt_quote(b, h->scratch, '\'');
  sl_buf_printf(b, "; SET threads = %u; SET allowed_directories = [", h->threads);
  for (size_t i = 0; i < h->roots.n; i++)
    add_dir(b, h->roots.at[i], &first);
  add_dir(b, h->scratch, &first);
  sl_buf_z(b, "]; SET allowed_paths = ["); /* a root may be a file */
  first = true;
  for (size_t i = 0; i < h->roots.n; i++)
    add_dir(b, h->roots.at[i], &first);
  sl_buf_z(b, "]; SET allowed_configs = ['enable_progress_bar', 'enable_progress_bar_print']; SET enable_external_access = false; "
              "SET lock_configuration = true");
}

int duck_shut(const struct duck *d, duck_db db, const struct wire_hello *h, struct sl_err *err)
{
  duck_conn conn = NULL;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  put_shut(&b, h);
  int rc = sl_buf_check(&b, err);
  if (!rc && d->connect(db, &conn) != DUCK_OK)
    rc = sl_err_nomem(err);
  if (!rc)
    rc = duck_do(d, conn, b.p, err);
  if (conn)
    d->disconnect(&conn);
  sl_buf_free(&b);
  return rc;
}
