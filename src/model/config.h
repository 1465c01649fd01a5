/* model/config.h: settings tables, the workspace file, the person's file.
 *
 * A backend describes its settings once; checking, `config schema`, docs/CONFIG.md, `connect` and the tests come from that table. Every
 * mistake names file:line:column, what was expected, and the nearest right name. */
#ifndef SL_MODEL_CONFIG_H
#define SL_MODEL_CONFIG_H

#include "base/secret.h"
#include "base/time.h"
#include "base/yaml.h"

enum sl_set_type {
  SL_SET_TEXT, SL_SET_INT, SL_SET_BOOL, SL_SET_DURATION, SL_SET_BYTES,
  SL_SET_PATH,   /* of a file: ~ and relative ones from the workspace file's folder */
  SL_SET_URI,    /* with a scheme; sqlite: and file: are made absolute */
  SL_SET_ENUM,
  SL_SET_LIST,   /* of texts */
  SL_SET_NAMES,  /* a list of names; one may stand without brackets */
  SL_SET_SECRET,
  SL_SET_PLACE,  /* a URI or a path; a path becomes file:///absolute/path (bytes as they are, no slash at the end) */
  SL_SET_NAME,   /* [a-z0-9][a-z0-9_.-]*, at most 63 */
  SL_SET_TZ, SL_SET_CRON, SL_SET_LAYOUT,
  SL_SET_MAP, SL_SET_MAPS  /* has a table of its own; a list of such */
};
struct sl_setting {
  const char *name, *help, *example;
  enum sl_set_type type;
  bool required;
  const char *dflt;                     /* text; NULL: none */
  const char *const *words;             /* ENUM: NULL-ended */
  int64_t min, max;                     /* INT, DURATION (s), BYTES; both 0: no bounds */
  const char *needs, *bars;             /* of a secret: `login` asks only where that one is set; is not set. Or NULL */
};
/* A secret is {env: N}, {file: F} (0600), {command: [...]}, `ask`, or a literal (works, warns). */
struct sl_secret_src { enum { SL_SECRET_NONE, SL_SECRET_LITERAL, SL_SECRET_ENV, SL_SECRET_FILE, SL_SECRET_COMMAND, SL_SECRET_ASK } kind;
  const char *text; const char *const *argv; };

struct sl_conf;                         /* the checked settings of one connection; borrowed from the workspace */
/* What lies in a connection's settings lives as long as the workspace's reading. Settings are asked for by name; dflt where it says nothing
 * and has no default of its own. */
const char *sl_conf_name(const struct sl_conf *c);
const char *sl_conf_type(const struct sl_conf *c);
const char *sl_conf_text(const struct sl_conf *c, const char *setting);       /* NULL: not set and no default. PATH: absolute */
int64_t sl_conf_int(const struct sl_conf *c, const char *setting, int64_t dflt);  /* INT, BYTES; DURATION in ms */
bool sl_conf_bool(const struct sl_conf *c, const char *setting, bool dflt);
const char *const *sl_conf_list(const struct sl_conf *c, const char *setting);   /* LIST, NAMES: NULL-ended; NULL: not set */
const struct sl_secret_src *sl_conf_secret(const struct sl_conf *c, const char *setting);   /* never NULL; kind NONE: not set */
bool sl_conf_readonly(const struct sl_conf *c);                              /* its own setting or the workspace's */
int sl_conf_timeout_ms(const struct sl_conf *c);                             /* common setting `timeout`, default 30 s */

/* ---- what a workspace says besides connections ---- */
struct sl_zone {
  const char *name, *uri, *conn;        /* uri absolute: file:///path for files, without a slash at the end; conn: who serves it */
  const char *layout, *format;          /* NULL: none */
  double fresh_within_s;                /* 0: not judged */
  int64_t min_rows;                     /* 0: not judged */
  const char *schedule;                 /* cron text by which a partition is expected; NULL: the layout's step */
};
/* Where the zone's own folder is inside another zone's: the outermost of those; else the zone itself. Textual. */
const struct sl_zone *sl_zone_outer(const struct sl_zone *zones, size_t n, const struct sl_zone *z);
struct sl_step_conf { const char *name; const char *const *argv; const char *const *after; };  /* NULL-ended; ${param} inside words */
struct sl_param { const char *name, *value; };
struct sl_job_conf {
  const char *name, *conn, *help, *writes, *schedule;   /* writes: a zone, or NULL */
  const char *const *reads;             /* zones; NULL-ended, never NULL */
  const char *const *after;             /* jobs that come before it; NULL-ended, never NULL */
  const struct sl_step_conf *steps; size_t nsteps;
  const struct sl_param *params; size_t nparams;
  double timeout_s;                     /* 0: none */
  int64_t keep;                         /* executions of it */
  double keep_for_s;                    /* and for how long */
  bool implicit;                        /* no line of the file: it follows from a model's entry */
};
/* ---- what a promotion must meet, and who may decide it ---- */
#define SL_FOUR_EYES_GATE "four-eyes"   /* judged beside the gates of the file: none of them may be called so */
struct sl_gate_conf {
  const char *name, *pass;              /* name: the expression where none is given */
  const char *first;                    /* pass, fail, unknown: its result where there is no champion yet */
  unsigned line;                        /* of the file */
};
struct sl_evidence_conf {
  const char *kind;                     /* drift: baseline, current; rescore, quality: data, label */
  const char *baseline, *current, *data, *label;   /* addresses, as of SL_SET_PLACE; label: a column. NULL: not said */
  const char *persist;                  /* drift: "M/N": current's partitions, and only what drifted in M of the last N counts. NULL: no */
  double max_age_s;                     /* 0: of any age */
};
enum sl_four_eyes { SL_FOUR_EYES_ON, SL_FOUR_EYES_ADVISORY, SL_FOUR_EYES_OFF };
struct sl_model_conf {
  const char *name, *conn;              /* conn NULL: not said */
  const char *alias, *stage;            /* what a promotion moves: one of them, the other NULL; without `promote` the alias champion */
  const char *lease;                    /* "registry", or "dir:/absolute"; NULL: none */
  const struct sl_secret_src *notify;   /* address of a Slack-compatible webhook; kind SL_SECRET_NONE: nobody is told */
  const struct sl_gate_conf *gates; size_t ngates;
  const struct sl_evidence_conf *evidence; size_t nevidence;   /* one of a kind at most */
  const char *const *approvers;         /* names of people; NULL-ended, never NULL; none: all of them */
  int required;                         /* approvals, from 1 */
  enum sl_four_eyes four_eyes;
  double expires_s;                     /* a decision counts so long; 0: for ever */
  const char *job;                      /* that computes its evidence: evidence-NAME, with the parameter version; NULL: there is none */
};
/* Somebody below `people:`. Lists are NULL-ended, never NULL. keys: lines that sl_pubkey_line() reads; revoked: such lines, or fingerprints
 * SHA256:...; identities: issuer:subject. No key and no identity stands twice in the file. */
struct sl_member { const char *name; const char *const *keys, *const *identities, *const *revoked; };
struct sl_ws_conf;                      /* counted, immutable: one reading of the file */
/* types: every backend's type and settings; the tables are borrowed for ever, the array only for the call. Relative paths start at the
 * file's folder. Mistakes are ECONFIG, "FILE:LINE:COLUMN: what; what to do". */
struct sl_type_conf { const char *type, *help; const struct sl_setting *settings; size_t nsettings; bool implicit; };
/* A file that cannot be read is ECONFIG too, with what to do. *out is yours to unref. */
int sl_ws_conf_load(struct sl_ws_conf **out, const char *path, const struct sl_type_conf *types, size_t ntypes,
                    struct sl_err *err) SL_NODISCARD;
/* The same from text. path: for messages, and for what depends on the file's place (NULL: made from the environment, in the folder dir). */
int sl_ws_conf_parse(struct sl_ws_conf **out, struct sl_str text, const char *path, const char *dir, const struct sl_type_conf *types,
                     size_t ntypes, struct sl_err *err) SL_NODISCARD;
/* Without a file: ./mlflow.db, ./mlruns, MLFLOW_TRACKING_URI, the current folder as a zone. *out NULL: nothing found. */
int sl_ws_conf_environment(struct sl_ws_conf **out, const char *cwd, const struct sl_type_conf *types, size_t ntypes,
                           struct sl_err *err) SL_NODISCARD;
struct sl_ws_conf *sl_ws_conf_ref(struct sl_ws_conf *c);
void sl_ws_conf_unref(struct sl_ws_conf *c);
const char *sl_ws_conf_name(const struct sl_ws_conf *c);         /* the file's folder or stem */
const char *sl_ws_conf_id(const struct sl_ws_conf *c);           /* name-8hex, of the file's real path: two files, two state folders */
const char *sl_ws_conf_path(const struct sl_ws_conf *c);         /* NULL: from the environment */
const char *sl_ws_conf_dir(const struct sl_ws_conf *c);
const char *sl_ws_conf_environment_name(const struct sl_ws_conf *c);  /* "" when none */
bool sl_ws_conf_protected(const struct sl_ws_conf *c);           /* environment prod, production, live, or protected: true */
bool sl_ws_conf_readonly(const struct sl_ws_conf *c);
const struct sl_tz *sl_ws_conf_tz(const struct sl_ws_conf *c);   /* of partition days and schedules; NULL: UTC */
size_t sl_ws_conf_conns(const struct sl_ws_conf *c, const struct sl_conf *const **out);
const struct sl_zone *sl_ws_conf_zones(const struct sl_ws_conf *c, size_t *n);
const struct sl_job_conf *sl_ws_conf_jobs(const struct sl_ws_conf *c, size_t *n);
const struct sl_model_conf *sl_ws_conf_models(const struct sl_ws_conf *c, size_t *n);
const struct sl_member *sl_ws_conf_people(const struct sl_ws_conf *c, size_t *n);
/* Hex SHA-256 of what is asked of a promotion: the entry of m (NULL: the model has none) without `notify`, and the approvers whom it
 * names, without comments of their keys, in a canonical form: how the file is written does not matter, what it says does. */
int sl_ws_conf_policy(const struct sl_ws_conf *c, const struct sl_model_conf *m, char out[65], struct sl_err *err) SL_NODISCARD;
struct sl_str sl_ws_conf_digest(const struct sl_ws_conf *c);     /* hex sha256 of the file: what `trust` records */
size_t sl_ws_conf_warnings(const struct sl_ws_conf *c, const char *const **out);
/* Writes the workspace as YAML (for init; a literal secret becomes `ask`), and adds a connection to a file without touching the rest (for
 * connect): yaml_lines are its settings as a block ("type: mlflow\nuri: ...\n"), the file is made where there is none. EEXIST: the name is
 * taken. Load the text before it is written: a second connection of a type can leave a zone's address without its one connection. */
int sl_ws_conf_write(const struct sl_ws_conf *c, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;
int sl_ws_conf_add_text(struct sl_buf *out, const char *path, const char *name, struct sl_str yaml_lines, struct sl_str text,
                        struct sl_err *err) SL_NODISCARD;
int sl_ws_conf_add_connection(const char *path, const char *name, struct sl_str yaml_lines, struct sl_err *err) SL_NODISCARD;
/* The tables of what is no connection's: workspace, zone, job, step, model, person, ... and what every connection has. For tests, docs. */
struct sl_conf_table { const char *name, *where, *help; bool person; const struct sl_setting *settings; size_t nsettings; };
const struct sl_conf_table *sl_conf_tables(size_t *n);   /* n of them, constant */
/* JSON Schema, and docs/CONFIG.md, from the same tables. */
int sl_conf_schema(struct sl_buf *out, const struct sl_type_conf *types, size_t ntypes, struct sl_err *err) SL_NODISCARD;
int sl_conf_markdown(struct sl_buf *out, const struct sl_type_conf *types, size_t ntypes, struct sl_err *err) SL_NODISCARD;

/* Finds the file: -w (a name, a file, or a folder holding sluice.yaml), SLUICE_WORKSPACE, config's `workspace:`, the only one.
 * *path NULL with SL_OK: none. Several and none chosen: EUSAGE with their names. */
struct sl_person;
int sl_ws_find(char **path, const char *arg, const struct sl_person *me, struct sl_err *err) SL_NODISCARD;
int sl_ws_names(struct sl_buf *out, struct sl_err *err) SL_NODISCARD;   /* workspaces of the config folder, one a line */

/* ---- trust: a workspace file outside the config folder starts no command until its digest is recorded ---- */
/* From the environment or the config folder: always. An error: it cannot be told, and *has is false. */
int sl_trust_look(const struct sl_ws_conf *c, bool *has, struct sl_err *err) SL_NODISCARD;
int sl_trust_add(const char *path, struct sl_err *err) SL_NODISCARD;

/* ---- the person's file ---- */
struct sl_person {
  const char *name, *key, *workspace, *theme, *glyphs, *path;   /* NULL: not said; path: of the file, whether it exists or not */
  struct sl_tz *tz;                     /* screen times; NULL: UTC */
  const struct sl_yaml_node *keys;      /* key bindings: view -> command -> key(s); checked by the ui */
  bool low_bandwidth, mouse;
  int64_t box_memory, box_threads, box_tmp, table_memory;  /* bytes, count, bytes, bytes; 0: not said */
  struct sl_yaml *doc;
  struct sl_arena mem;                  /* holds the texts */
};
/* path NULL: SLUICE_CONFIG where it is absolute (a step of a job has it), else the default, which may be missing. */
int sl_person_load(struct sl_person **out, const char *path, struct sl_err *err) SL_NODISCARD;
void sl_person_free(struct sl_person *p);

#endif
