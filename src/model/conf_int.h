/* model/conf_int.h: what the files conf_*.c share: the reading of one file, and what it becomes. Nobody else includes it. */
#ifndef SL_MODEL_CONF_INT_H
#define SL_MODEL_CONF_INT_H

#include "base/mem.h"
#include "model/config.h"

enum { CONF_NAME_MAX = 63, CONF_TABLES_MAX = 2, CONF_QUOTE = 64 };

/* One setting as it was read. */
struct conf_value {
  const struct sl_setting *def;
  const struct sl_yaml_node *node;      /* NULL: not in the file; then the rest is the default, or nothing */
  const char *text;                     /* as written, resolved for paths and addresses; a list joined by newlines; NULL: nothing */
  int64_t i;                            /* INT, BYTES; DURATION in ms */
  bool b;
  const char *const *list;
  struct sl_secret_src secret;
};
struct conf_values { struct conf_value *v; size_t n; };
const struct conf_value *conf_get(const struct conf_values *vs, const char *name);   /* NULL: no such setting */
/* Of settings that the caller's own table has. */
const char *conf_text(const struct conf_values *vs, const char *name);
const struct sl_yaml_node *conf_node(const struct conf_values *vs, const char *name);

struct sl_conf {
  const char *name, *type;
  const struct sl_ws_conf *ws;
  bool implicit;                        /* not in the file */
  const struct sl_yaml_node *node;
  struct conf_values values;
};

struct sl_ws_conf {
  int refs;
  struct sl_arena mem;
  struct sl_yaml *doc;
  const char *name, *id, *path, *dir, *environment;
  bool protect, readonly;
  struct sl_tz *tz;
  const char *tz_name;
  struct sl_conf **conns; size_t nconns;
  struct sl_zone *zones; size_t nzones;
  struct sl_job_conf *jobs; size_t njobs;
  struct sl_model_conf *models; size_t nmodels;
  struct sl_member *people; size_t npeople;
  char digest[65];
  const char **warnings; size_t nwarnings, capwarnings;
};

/* One file being read. */
struct conf_ctx {
  struct sl_arena *mem;
  const struct sl_yaml *y;
  const char *dir;                      /* relative paths start here */
  struct sl_ws_conf *ws;                /* NULL: the person's file; takes warnings */
  const struct sl_type_conf *types; size_t ntypes;
  struct sl_err *err;
};
struct conf_table { const struct sl_setting *set; size_t n; };

/* s made harmless and short, for an error text. */
const char *conf_quote(char out[CONF_QUOTE], struct sl_str s);
int conf_fail(struct conf_ctx *x, const struct sl_yaml_node *n, const char *fmt, ...) SL_PRINTF(3, 4);
int conf_warn(struct conf_ctx *x, const struct sl_yaml_node *n, const char *fmt, ...) SL_PRINTF(3, 4);
int conf_nomem(struct conf_ctx *x);
char *conf_dup(struct conf_ctx *x, struct sl_str s);    /* NULL: out of memory */
/* "; did you mean `x`?" or "" */
const char *conf_hint(struct conf_ctx *x, struct sl_str s, const char *const *names, size_t n);
bool conf_name_ok(struct sl_str s);
/* ECONFIG where the key is no name for `of`, "a job". */
int conf_check_key(struct conf_ctx *x, const struct sl_yaml_node *key, const char *of);

/* Checks one value and fills v (v->def is set). conf_default() does it with the setting's default. */
int conf_check(struct conf_ctx *x, const struct sl_yaml_node *n, struct conf_value *v);
int conf_default(struct conf_ctx *x, struct conf_value *v);
int conf_check_scalar(struct conf_ctx *x, const struct sl_yaml_node *n, struct sl_str s, struct conf_value *v);
int conf_check_secret(struct conf_ctx *x, const struct sl_yaml_node *n, struct conf_value *v);
int conf_address(struct conf_ctx *x, const struct sl_yaml_node *n, struct sl_str s, struct conf_value *v);
/* A map whose keys are the settings of the tables. what: "zone `raw`", for messages; node NULL: nothing is set. */
int conf_read_map(struct conf_ctx *x, const struct sl_yaml_node *map, const char *what, const struct conf_table *t, size_t nt,
                  struct conf_values *out);

/* A part of the file each, into x->ws; map or list NULL: the file has none. ECONFIG, ENOMEM. */
int conf_read_conns(struct conf_ctx *x, const struct sl_yaml_node *map);
int conf_read_zones(struct conf_ctx *x, const struct sl_yaml_node *list);
int conf_read_jobs(struct conf_ctx *x, const struct sl_yaml_node *map);
int conf_evidence_jobs(struct conf_ctx *x);      /* after the models */
int conf_read_people(struct conf_ctx *x, const struct sl_yaml_node *map);
int conf_read_models(struct conf_ctx *x, const struct sl_yaml_node *map);    /* after connections and people */
/* The text whose digest is the policy. */
int conf_policy_text(struct sl_buf *out, const struct sl_ws_conf *c, const struct sl_model_conf *m, struct sl_err *err) SL_NODISCARD;
/* As `init` writes them. */
void conf_put_models(struct sl_buf *b, const struct sl_ws_conf *c);
void conf_put_people(struct sl_buf *b, const struct sl_ws_conf *c);
void conf_put(struct sl_buf *b, int indent, const char *key, const char *value);   /* value NULL: nothing */
void conf_put_list(struct sl_buf *b, int indent, const char *key, const char *const *list);
void conf_put_secret(struct sl_buf *b, int indent, const char *key, const struct sl_secret_src *s);
void conf_put_seconds(struct sl_buf *b, int indent, const char *key, double s);    /* 0: nothing */
const struct sl_conf *conf_conn(const struct sl_ws_conf *c, struct sl_str name);
/* Names that wait for each other. fail: told the first name of a circle and the circle in words. */
struct conf_graph { const char *const *names; const char *const *const *after; size_t n; };
bool conf_circle(struct conf_ctx *x, const struct conf_graph *g, size_t *at, const char **words);   /* *words NULL: no memory */

extern const struct sl_setting conf_common[];    /* type, readonly, timeout */
extern const size_t conf_ncommon;
struct conf_table conf_table(const char *name);  /* of sl_conf_tables() */

#endif
