/* The workspace file: a mistake is one line that names its place; what loads is written, reads back, and is written the same; a connection
 * added leaves the file as it was but for its own lines. */
#include "fuzz.h"

#include "model/config.h"

static const char *const modes[] = { "fast", "slow", NULL };
static const struct sl_setting every[] = {
  { .name = "uri", .type = SL_SET_URI, .required = true, .help = "h", .example = "https://mlflow.example.org" },
  { .name = "token", .type = SL_SET_SECRET, .help = "h", .example = "{env: TOKEN}" },
  { .name = "retries", .type = SL_SET_INT, .max = 10, .dflt = "3", .help = "h", .example = "3" },
  { .name = "mode", .type = SL_SET_ENUM, .words = modes, .help = "h", .example = "fast" },
  { .name = "cert", .type = SL_SET_PATH, .help = "h", .example = "ca.pem" },
  { .name = "cache", .type = SL_SET_BYTES, .min = 1000, .max = 1000000000, .help = "h", .example = "10MB" },
  { .name = "headers", .type = SL_SET_LIST, .help = "h", .example = "[a, b]" },
  { .name = "peers", .type = SL_SET_NAMES, .help = "h", .example = "[a, b]" },
};
static const struct sl_type_conf types[] = {
  { .type = "local", .help = "h", .implicit = true },
  { .type = "mlflow", .help = "h", .settings = every, .nsettings = sizeof every / sizeof every[0] },
};

static struct sl_ws_conf *load(struct sl_str text)
{
  struct sl_ws_conf *c;
  struct sl_err err = { 0 };
  int rc = sl_ws_conf_parse(&c, text, "/w/w.yaml", NULL, types, 2, &err);
  FUZZ_CHECK((rc == SL_OK) == (c != NULL));
  FUZZ_CHECK(!rc || (rc == SL_ECONFIG && err.code == rc && !strncmp(err.msg, "/w/w.yaml:", 10) && !strchr(err.msg, '\n')));
  return c;
}

static void write_twice(const struct sl_ws_conf *c)
{
  struct sl_buf one, two;
  sl_buf_init(&one, 0);
  sl_buf_init(&two, 0);
  FUZZ_CHECK(sl_ws_conf_write(c, &one, NULL) == SL_OK);
  struct sl_ws_conf *again = one.n < 1 << 20 ? load(sl_buf_view(&one)) : NULL;
  FUZZ_CHECK(again || one.n >= 1 << 20);
  if (again) {
    FUZZ_CHECK(sl_ws_conf_write(again, &two, NULL) == SL_OK);
    FUZZ_CHECK(sl_str_eq(sl_buf_view(&one), sl_buf_view(&two)));
  }
  sl_ws_conf_unref(again);
  sl_buf_free(&one);
  sl_buf_free(&two);
}

/* Zones may then be in doubt about their connection (two of a type), but whatever loads has one connection more. */
static void add(struct sl_str text, const struct sl_ws_conf *was)
{
  struct sl_buf b;
  struct sl_ws_conf *now = NULL;
  const struct sl_conf *const *list;
  sl_buf_init(&b, 2 << 20);
  if (sl_ws_conf_add_text(&b, "/w/w.yaml", "newcomer", SL_STR("type: mlflow\nuri: \"http://n\"\n"), text, NULL) == SL_OK && was)
    now = load(sl_buf_view(&b));
  FUZZ_CHECK(!now || sl_ws_conf_conns(now, &list) == sl_ws_conf_conns(was, &list) + 1);
  sl_ws_conf_unref(now);
  sl_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  struct sl_str text = sl_strn((const char *)data, size);
  if (size > 1 << 16)
    return 0;
  struct sl_ws_conf *c = load(text);
  if (c)
    write_twice(c);
  add(text, c);
  sl_ws_conf_unref(c);
  return 0;
}
