/* tests/screen/stage.c: answers what the script says. A request is answered by a timer of no time, in as many pieces as it takes. */
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "model/ws_int.h" /* lint-ok: internal: what is silent on purpose is not under way */

enum { TABLES = 64, CONNS = 6, COLS = 64, RESOURCES = 40 };

struct table {
  char res[32], conn[32], scope[256], state[16], note[96], error[256];
  int code;
  int64_t total;
  bool scoped;
  char **cell; size_t ncol, nrow;        /* row 0: names; NULL: null */
  char *doc;
  struct sl_schema *own;                 /* of `rows`: columns that the script makes up */
};
static struct table table[TABLES];
static size_t ntables;
static char override_names[256], override_state[16];
static sl_ms stage_now;

/* ---- the script's tables ---- */

static void table_clear(struct table *t)
{
  for (size_t i = 0; i < t->ncol * t->nrow; i++)
    free(t->cell[i]);
  free(t->cell);
  free(t->doc);
  sl_schema_unref(t->own);
  memset(t, 0, sizeof *t);
}

void stage_reset(void)
{
  while (ntables)
    table_clear(&table[--ntables]);
  stage_override(NULL, NULL);
}

void stage_override(const char *resources, const char *state)
{
  snprintf(override_names, sizeof override_names, " %s ", resources ? resources : "");
  snprintf(override_state, sizeof override_state, "%s", state ? state : "");
}

static int code_of(const char *name)
{
  for (int c = -1; c > -1000; c--)
    if (!strcmp(sl_code_name(c), name))
      return c;
  return 0;
}

static bool option(struct table *t, const char *w, char *why, size_t n)
{
  static const char *const states[] = {"full", "empty", "loading", "flowing", "partial", "failed", "stale"};
  const char *v = strchr(w, '=');
  if (v)
    v++;
  if (v && !strncmp(w, "conn=", 5))
    snprintf(t->conn, sizeof t->conn, "%s", v);
  else if (v && !strncmp(w, "scope=", 6))
    snprintf(t->scope, sizeof t->scope, "%s", v), t->scoped = true;
  else if (v && !strncmp(w, "note=", 5))
    snprintf(t->note, sizeof t->note, "%s", v);
  else if (v && !strncmp(w, "message=", 8))
    snprintf(t->error, sizeof t->error, "%s", v);
  else if (v && !strncmp(w, "doc=", 4))
    t->doc = strdup(v);
  else if (v && !strncmp(w, "total=", 6) && sl_str_i64(sl_str(v), &t->total))
    return true;
  else if (v && !strncmp(w, "error=", 6) && (t->code = code_of(v)) != 0)
    return true;
  else if (v && !strncmp(w, "state=", 6)) {
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
      if (!strcmp(states[i], v))
        return snprintf(t->state, sizeof t->state, "%s", v), true;
    return snprintf(why, n, "state=%s: full, empty, loading, flowing, partial, failed or stale", v), false;
  } else
    return snprintf(why, n, "`%s`: conn= scope= state= error=CODE message= note= total= doc=", w), false;
  return true;
}

/* "a | b | c" into cells; `-` alone and nothing are null; \xHH, \n as in words. */
static void row_read(struct table *t, const char *line)
{
  t->cell = realloc(t->cell, (t->nrow + 1) * (t->ncol ? t->ncol : COLS) * sizeof *t->cell);
  char **row = t->cell + t->nrow * t->ncol;
  struct sl_str rest = sl_str(line), part;
  size_t c = 0, most = t->ncol ? t->ncol : COLS;
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (; c < most && sl_str_cut(&rest, '|', &part); c++) {
    char text[4096];
    const char *p = text;
    bool quoted;
    part = sl_str_trim(part);
    snprintf(text, sizeof text, "\"%.*s\"", SL_ARG(part));
    script_word(&p, &b, &quoted);
    row[c] = !part.n || sl_str_eqz(part, "-") ? NULL : memcpy(calloc(b.n + 1, 1), b.p ? b.p : "", b.n);
  }
  if (!t->ncol)
    t->ncol = c;
  for (; c < t->ncol; c++)
    row[c] = NULL;
  t->nrow++;
  sl_buf_free(&b);
}

bool stage_fake(const struct step *s, sl_ms now, char *why, size_t n)
{
  struct table t = {.conn = "demo", .state = "full", .total = -1, .code = SL_ENET};
  const char *rest = s->arg;
  struct sl_buf w;
  bool quoted, ok = true;
  stage_now = now;
  sl_buf_init(&w, 0);
  if (!script_word(&rest, &w, &quoted))
    return snprintf(why, n, "fake RESOURCE ..."), false;
  snprintf(t.res, sizeof t.res, "%s", sl_buf_zstr(&w));
  if (!sl_resource_find(sl_str(t.res)))
    return snprintf(why, n, "no resource `%s`", t.res), sl_buf_free(&w), false;
  while (ok && script_word(&rest, &w, &quoted))
    ok = option(&t, sl_buf_zstr(&w), why, n);
  sl_buf_free(&w);
  for (size_t i = 0; i < s->nbody; i++)
    row_read(&t, s->body[i]);
  size_t at = 0;
  while (at < ntables && (strcmp(table[at].res, t.res) || strcmp(table[at].conn, t.conn) || strcmp(table[at].scope, t.scope)))
    at++;
  if (ok && at == TABLES)
    return snprintf(why, n, "more than %d tables", TABLES), false;
  if (ok && at < ntables && !t.nrow) { /* only another state: the rows stay */
    t.cell = table[at].cell, t.ncol = table[at].ncol, t.nrow = table[at].nrow, t.own = table[at].own;
    table[at] = t;
    return true;
  }
  if (ok && at < ntables)
    table_clear(&table[at]);
  ntables += at == ntables;
  table[at] = t;
  return ok;
}

static struct table *table_of(const char *conn, struct sl_str res, struct sl_str scope, bool get)
{
  struct table *any = NULL;
  for (size_t i = 0; i < ntables; i++) {
    if (strcmp(table[i].conn, conn) || !sl_str_eqz(res, table[i].res))
      continue;
    if (table[i].scoped && (!get || table[i].doc) && sl_str_eqz(scope, table[i].scope)) /* one row's document */
      return &table[i];
    if (!table[i].scoped || get)
      any = any ? any : &table[i];
  }
  return any;
}

static const char *state_of(const struct table *t)
{
  char name[40];
  snprintf(name, sizeof name, " %s ", t->res);
  return override_state[0] && strstr(override_names, name) ? override_state : t->state;
}

/* ---- rows ---- */

static struct sl_val value_of(enum sl_type type, const char *z)
{
  struct sl_str s = sl_str(z);
  int64_t i;
  double f;
  sl_ms at;
  switch (type) {
  case SL_BOOL: return sl_vb(!strcmp(z, "true"));
  case SL_I64: return sl_str_i64(s, &i) ? sl_vi(i) : sl_null(type);
  case SL_F64: case SL_FAMILY_F64: return sl_str_f64(s, &f) ? sl_vf(f) : sl_null(SL_F64);
  case SL_TIME: return sl_time_parse(s, stage_now, NULL, &at) ? sl_vt(at) : sl_null(type);
  case SL_FAMILY_TEXT: return sl_vs(s);
  default: return sl_vas(type, s);
  }
}

static void list_set(struct sl_batch *b, unsigned col, const char *z)
{
  struct sl_buf list;
  struct sl_str rest = sl_str(z), item;
  sl_buf_init(&list, 0);
  while (sl_str_cut(&rest, ' ', &item))
    sl_list_add(&list, item);
  sl_batch_set(b, col, sl_vas(SL_LIST, sl_buf_view(&list)));
  sl_buf_free(&list);
}

static void cell_set(struct sl_batch *b, struct sl_schema *s, const char *name, const char *z)
{
  int col = sl_schema_find(s, sl_str(name));
  const char *dot = strchr(name, '.');
  if (!z)
    return;
  if (col >= 0 && sl_schema_col(s, (size_t)col)->type == SL_LIST) {
    list_set(b, (unsigned)col, z);
  } else if (col >= 0) {
    sl_batch_set(b, (unsigned)col, value_of(sl_schema_col(s, (size_t)col)->type, z));
  } else if (dot && (col = sl_schema_find(s, sl_strn(name, (size_t)(dot - name)))) >= 0) {
    sl_batch_key(b, (unsigned)col, sl_str(dot + 1), value_of(sl_schema_col(s, (size_t)col)->type, z));
  }
}

static const char *id_of(const struct table *t, size_t row)
{
  for (size_t c = 0; c < t->ncol; c++)
    if (t->cell[c] && (!strcmp(t->cell[c], "#") || !strcmp(t->cell[c], "id")))
      return t->cell[row * t->ncol + c] ? t->cell[row * t->ncol + c] : "";
  return t->ncol && t->cell[row * t->ncol] ? t->cell[row * t->ncol] : "";
}

static int own_schema(struct table *t)
{
  struct sl_col cols[COLS];
  memset(cols, 0, sizeof cols);
  for (size_t c = 0; c < t->ncol && c < COLS; c++) { /* numbers where the first row has one */
    double f;
    const char *first = t->nrow > 1 ? t->cell[t->ncol + c] : NULL;
    cols[c] = (struct sl_col){.name = t->cell[c], .help = "", .type = first && sl_str_f64(sl_str(first), &f) ? SL_F64 : SL_TEXT};
  }
  return t->own ? SL_OK : sl_schema_new(&t->own, cols, t->ncol, NULL, 0, NULL);
}

static struct sl_batch *batch_of(const struct table *t, struct sl_schema *s, struct sl_str only, bool half)
{
  struct sl_batch *b;
  size_t end = half && t->nrow > 2 ? 1 + t->nrow / 2 : t->nrow;
  if (sl_batch_new(&b, s, NULL))
    abort();
  for (size_t r = 1; r < end; r++) {
    const char *id = id_of(t, r);
    if (only.n && !sl_str_eqz(only, id))
      continue;
    sl_batch_row(b, SL_PUT, sl_str(id));
    for (size_t c = 0; c < t->ncol; c++)
      if (t->cell[c])
        cell_set(b, s, t->cell[c], t->cell[r * t->ncol + c]);
  }
  return b;
}

/* ---- requests ---- */

static int nquiet;
struct stage_req { struct sl_req *r; sl_timer t; bool sent, quiet; };

/* Nothing more comes from it: a script does not wait for that. */
static void quiet(struct stage_req *q, bool is)
{
  if (is)
    ws_req_busy(q->r, false);
  nquiet += is - q->quiet;
  q->quiet = is;
}

int stage_quiet(void) { return nquiet; }

static void ended(struct stage_req *q, int code, const char *words)
{
  struct sl_err err = {0};
  quiet(q, false);
  if (code)
    sl_err_set(&err, code, "%s", words);
  sl_timer_stop(sl_backend_loop(sl_req_backend(q->r)), &q->t);
  sl_req_end(q->r, code, code ? &err : NULL);
}

/* Partial and flowing show half; stale is full here: the runner fails it afterwards. */
static bool rows_send(struct stage_req *q, struct table *t, const char *state)
{
  const struct sl_query *y = sl_req_query(q->r);
  bool half = !strcmp(state, "partial") || !strcmp(state, "flowing"), own = y->kind == SL_Q_SQL || !strcmp(t->res, "rows");
  struct sl_schema *s = own && t->ncol && !own_schema(t) ? t->own : sl_req_schema(q->r);
  q->sent = true;
  if (sl_req_head(q->r, own ? s : NULL, 0, t->total))
    return false;
  if (t->doc && y->kind == SL_Q_GET)
    sl_req_doc(q->r, sl_str(t->doc));
  if (strcmp(state, "empty") && t->nrow > 1) {
    struct sl_batch *b = batch_of(t, s, y->kind == SL_Q_GET ? y->scope : SL_STR_NONE, half);
    if (sl_batch_count(b))
      return sl_req_rows(q->r, &b) == SL_OK;
    sl_batch_unref(b);
  }
  return true;
}

/* `text` of the row of objects with this address. */
static const char *text_of(const char *conn, struct sl_str uri)
{
  for (size_t i = 0; i < ntables; i++) {
    const struct table *t = &table[i];
    size_t at = t->ncol, text = t->ncol;
    for (size_t c = 0; c < t->ncol && t->nrow; c++) {
      at = t->cell[c] && !strcmp(t->cell[c], "uri") ? c : at;
      text = t->cell[c] && !strcmp(t->cell[c], "text") ? c : text;
    }
    if (strcmp(t->res, "objects") || strcmp(t->conn, conn) || at == t->ncol || text == t->ncol)
      continue;
    for (size_t r = 1; r < t->nrow; r++)
      if (t->cell[r * t->ncol + at] && sl_str_eqz(uri, t->cell[r * t->ncol + at]))
        return t->cell[r * t->ncol + text];
  }
  return NULL;
}

static void bytes_send(struct stage_req *q)
{
  const char *text = text_of(sl_backend_name(sl_req_backend(q->r)), sl_req_uri(q->r));
  if (text && !q->sent) {
    q->sent = true;
    sl_req_size(q->r, (int64_t)strlen(text));
    if (sl_req_bytes(q->r, text, strlen(text)))
      return; /* resume or cancel follows */
  }
  ended(q, text ? SL_OK : SL_ENOENT, "no such file");
}

static void step_run(void *user)
{
  struct stage_req *q = user;
  const struct sl_query *y = sl_req_query(q->r);
  q->t.v = 0;
  if (!y) {
    bytes_send(q);
    return;
  }
  struct table *t = table_of(sl_backend_name(sl_req_backend(q->r)), sl_str(y->res ? y->res->name : "rows"), y->scope, y->kind == SL_Q_GET);
  if (!t) {
    ended(q, y->kind == SL_Q_GET ? SL_ENOENT : SL_OK, "no such row");
    return;
  }
  const char *state = state_of(t);
  if (!strcmp(state, "loading")) {
    quiet(q, true);
    return;
  }
  if (!strcmp(state, "failed")) {
    ended(q, t->code, t->error[0] ? t->error : "cannot connect to 192.0.2.7:5000: connection refused");
    return;
  }
  if (!q->sent && !rows_send(q, t, state))
    return; /* resume or cancel follows */
  if (!strcmp(state, "partial"))
    sl_req_cut(q->r, t->note[0] ? t->note : "first rows of more");
  if (!strcmp(state, "flowing") || y->kind == SL_Q_FOLLOW)
    quiet(q, true);
  else
    ended(q, SL_OK, "");
}

static int begin(struct sl_req *r, struct sl_err *err)
{
  struct stage_req *q = sl_req_state(r);
  q->r = r;
  return sl_timer_start(sl_backend_loop(sl_req_backend(r)), 0, 0, step_run, q, &q->t, err);
}

static void resume(struct sl_req *r)
{
  struct stage_req *q = sl_req_state(r);
  if (sl_timer_start(sl_backend_loop(sl_req_backend(r)), 0, 0, step_run, q, &q->t, NULL))
    abort();
}

static void cancel(struct sl_req *r)
{
  ended(sl_req_state(r), SL_ECANCELED, "cancelled");
}

/* ---- backends ---- */

static const struct sl_bytes_ops bytes = {.port = {sizeof(struct stage_req), resume, cancel}, .stat = begin, .read = begin};
static const char *const schemes[] = {"runs", "models", NULL};   /* of connections whose objects have a text */
static const struct sl_setting settings[] = {{.name = "uri", .help = "where", .type = SL_SET_URI}};
static const struct sl_sql_ops sql = {.port = {sizeof(struct stage_req), resume, cancel}, .readonly = SL_RO_SERVER, .run = begin};
static struct sl_serve serve[RESOURCES];
static const struct sl_serve *serves[CONNS][RESOURCES + 1];
static struct sl_backend_ops ops[CONNS];
static char conn_name[CONNS][32];
static const struct sl_backend_ops *list[CONNS + 1];

static int open_any(struct sl_backend *b, const struct sl_conf *c, struct sl_err *err)
{
  (void)b, (void)c, (void)err;
  return SL_OK;
}

static size_t conn_of(const char *name, size_t *n)
{
  size_t i = 0;
  while (i < *n && strcmp(conn_name[i], name))
    i++;
  if (i == *n && i < CONNS) {
    snprintf(conn_name[i], sizeof conn_name[i], "%s", name);
    ops[i] = (struct sl_backend_ops){.type = conn_name[i], .help = "what the script says", .state_size = 8, .implicit = true,
      .settings = settings, .nsettings = 1, .serves = serves[i], .open = open_any, .sql = &sql};
    list[(*n)++] = &ops[i];
  }
  return i < CONNS ? i : 0;
}

static const struct sl_col tags = {.name = "tags", .help = "tags", .type = SL_FAMILY_TEXT};

/* As backends/compute/drift.c has them behind the common ones. */
static const struct sl_col quality_own[] = {
  {.name = "against", .type = SL_F64, .help = ""}, {.name = "difference", .type = SL_F64, .help = ""},
  {.name = "p_value", .type = SL_F64, .help = ""}, {.name = "at", .type = SL_F64, .help = ""},
  {.name = "note", .type = SL_TEXT, .help = ""},
};
static const struct sl_col drift_own[] = {
  {.name = "q_value", .type = SL_F64, .help = ""}, {.name = "chosen", .type = SL_BOOL, .help = ""},
  {.name = "chance", .type = SL_F64, .help = ""}, {.name = "low", .type = SL_F64, .help = ""}, {.name = "high", .type = SL_F64, .help = ""},
  {.name = "histogram_baseline", .type = SL_LIST, .help = ""}, {.name = "histogram_current", .type = SL_LIST, .help = ""},
  {.name = "categories", .type = SL_LIST, .help = ""}, {.name = "new_categories", .type = SL_LIST, .help = ""},
  {.name = "new_share", .type = SL_F64, .help = ""}, {.name = "note", .type = SL_TEXT, .help = ""},
};
static const struct sl_col drift_history_own[] = {
  {.name = "chosen", .type = SL_BOOL, .help = ""}, {.name = "back", .type = SL_I64, .help = ""},
  {.name = "note", .type = SL_TEXT, .help = ""},
};

static void own_of(struct sl_serve *s)
{
  if (s->res == &sl_res_versions) /* registries have tags, decisions are among them */
    s->own = &tags, s->nown = 1;
  if (s->res == &sl_res_drift)
    s->own = drift_own, s->nown = sizeof drift_own / sizeof drift_own[0];
  if (s->res == &sl_res_drift_history)
    s->own = drift_history_own, s->nown = sizeof drift_history_own / sizeof drift_history_own[0];
  if (s->res == &sl_res_quality)
    s->own = quality_own, s->nown = sizeof quality_own / sizeof quality_own[0];
}

static size_t serve_of(const struct sl_resource *res, size_t *n)
{
  size_t i = 0;
  while (i < *n && serve[i].res != res)
    i++;
  if (i == *n && i < RESOURCES) {
    serve[i] = (struct sl_serve){.res = res, .req_size = sizeof(struct stage_req), .query = begin, .resume = resume, .cancel = cancel};
    own_of(&serve[i]);
    (*n)++;
  }
  return i;
}

const struct sl_backend_ops *const *stage_backends(void)
{
  size_t nconn = 0, nserve = 0;
  memset(serves, 0, sizeof serves);
  memset(list, 0, sizeof list);
  for (size_t i = 0; i < ntables; i++) {
    size_t c = conn_of(table[i].conn, &nconn), s = serve_of(sl_resource_find(sl_str(table[i].res)), &nserve), k = 0;
    while (serves[c][k] && serves[c][k] != &serve[s])
      k++;
    serves[c][k] = &serve[s];
    for (size_t col = 0; col < table[i].ncol && !strcmp(table[i].res, "objects"); col++)
      if (table[i].cell[col] && !strcmp(table[i].cell[col], "text"))
        ops[c].bytes = &bytes, ops[c].schemes = schemes;
  }
  return list;
}
