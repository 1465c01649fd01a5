/* judge/evidence_read.c: a file of evidence, read strictly: every name known, once, of its type, within bounds. */
#include <math.h>

#include "base/hash.h"
#include "base/json.h"
#include "judge/evidence.h"

enum { TEXT_MAX = 64 << 10 };
struct reading { struct sl_arena *mem; struct sl_err *err; int rc; };

static void bad(struct reading *r, const char *what)
{
  if (!r->rc)
    r->rc = sl_err_set(r->err, SL_EPARSE, "this is no file of evidence: %s", what);
}

static struct sl_str text_of(struct reading *r, const json_t *v, const char *key, bool may_miss)
{
  const json_t *t = json_object_get(v, key);
  if (may_miss && json_is_null(t))
    return SL_STR_NONE;
  if (!json_is_string(t) || json_string_length(t) > TEXT_MAX) {
    bad(r, key);
    return SL_STR_NONE;
  }
  char *p = sl_arena_strndup(r->mem, json_string_value(t), json_string_length(t));
  if (!p && !r->rc)
    r->rc = sl_err_nomem(r->err);
  return (struct sl_str){ p, p ? json_string_length(t) : 0 };
}

static int64_t int_of(struct reading *r, const json_t *v, const char *key, int64_t least)
{
  const json_t *t = json_object_get(v, key);
  if (!json_is_integer(t) || json_integer_value(t) < least)
    bad(r, key);
  return json_is_integer(t) ? json_integer_value(t) : least;
}

/* Hex of 32 bytes; may_miss: or nothing. */
static void hex_of(struct reading *r, const json_t *v, const char *key, bool may_miss, char out[65])
{
  struct sl_str s = text_of(r, v, key, false);
  bool ok = s.n == 64 || (may_miss && !s.n);
  for (size_t i = 0; i < s.n && ok; i++)
    ok = (s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f');
  if (!ok) {
    bad(r, key);
    return;
  }
  memcpy(out, s.p ? s.p : "", s.n);
  out[s.n] = 0;
}

static void read_inputs(struct reading *r, const json_t *list, struct sl_evidence *e)
{
  size_t n = json_array_size(list), i;
  const json_t *v;
  struct sl_evidence_input *in = n <= SL_EVIDENCE_INPUTS ? sl_arena_alloc(r->mem, (n + 1) * sizeof *in) : NULL;
  if (!json_is_array(list) || n > SL_EVIDENCE_INPUTS)
    bad(r, "inputs");
  else if (!in && !r->rc)
    r->rc = sl_err_nomem(r->err);
  for (i = 0; i < n && !r->rc; i++) {
    v = json_array_get(list, i);
    if (!json_is_object(v) || json_object_size(v) != 7)
      bad(r, "an input");
    in[i] = (struct sl_evidence_input){ .role = text_of(r, v, "role", false), .address = text_of(r, v, "address", false),
                                        .tag = text_of(r, v, "tag", false), .bytes = int_of(r, v, "bytes", 0),
                                        .rows = int_of(r, v, "rows", -1), .modified = int_of(r, v, "modified", 0) };
    hex_of(r, v, "sha256", false, in[i].sha256);
  }
  e->input = in;
  e->ninputs = r->rc ? 0 : n;
}

static void read_facts(struct reading *r, json_t *map, struct sl_evidence *e)
{
  size_t n = json_object_size(map), i = 0;
  const char *key;
  json_t *v;
  struct sl_evidence_fact *f = n <= SL_EVIDENCE_FACTS ? sl_arena_alloc(r->mem, (n + 1) * sizeof *f) : NULL;
  if (!json_is_object(map) || n > SL_EVIDENCE_FACTS)
    bad(r, "facts");
  else if (!f && !r->rc)
    r->rc = sl_err_nomem(r->err);
  if (r->rc)
    return;
  json_object_foreach(map, key, v) {
    char *name = sl_arena_strndup(r->mem, key, strlen(key));
    if (!name && !r->rc)
      r->rc = sl_err_nomem(r->err);
    f[i].name = sl_str(name);
    if (!*key || !sl_json_f64(map, key, &f[i].value))
      bad(r, "a fact");
    i++;
  }
  e->fact = f;
  e->nfacts = r->rc ? 0 : n;
}

static bool kind_known(struct sl_str kind)
{
  for (size_t i = 0; i < SL_EVIDENCE_KINDS; i++)
    if (sl_str_eqz(kind, sl_evidence_kinds[i]))
      return true;
  return false;
}

static void read_all(struct reading *r, json_t *doc, struct sl_evidence *e)
{
  int64_t v = 0;
  if (!json_is_object(doc))
    bad(r, "no object");
  else if (sl_json_i64(doc, "v", &v) && v != 1)
    r->rc = sl_err_set(r->err, SL_EUNSUP, "evidence of version %lld; this program knows 1", (long long)v);
  else if (v != 1 || json_object_size(doc) != 16)
    bad(r, "other names than it should have");
  if (r->rc)
    return;
  *e = (struct sl_evidence){
    .kind = text_of(r, doc, "kind", false), .registry = text_of(r, doc, "registry", false), .model = text_of(r, doc, "model", false),
    .version = int_of(r, doc, "version", 0), .at = int_of(r, doc, "at", 1), .execution = text_of(r, doc, "execution", false),
    .baseline = text_of(r, doc, "baseline", true), .current = text_of(r, doc, "current", true), .data = text_of(r, doc, "data", true),
    .label = text_of(r, doc, "label", true), .champion = text_of(r, doc, "champion", false), .refused = text_of(r, doc, "refused", false),
  };
  hex_of(r, doc, "digest", true, e->digest);
  if (!kind_known(e->kind))
    bad(r, "kind");
  read_inputs(r, json_object_get(doc, "inputs"), e);
  read_facts(r, json_object_get(doc, "facts"), e);
  if (e->refused.n && e->nfacts)
    bad(r, "facts of what was refused");
}

int sl_evidence_read(struct sl_evidence *out, struct sl_str text, struct sl_arena *mem, struct sl_err *err)
{
  struct reading r = { .mem = mem, .err = err };
  json_t *doc = NULL;
  struct sl_sha256 d = sl_sha256(text);
  *out = (struct sl_evidence){ .version = 0 };
  if (text.n > SL_EVIDENCE_MAX)
    return sl_err_set(err, SL_ELIMIT, "a file of evidence is larger than %d MiB", SL_EVIDENCE_MAX >> 20);
  int rc = sl_json_load(&doc, text, false, err);
  if (rc)
    return rc;
  read_all(&r, doc, out);
  json_decref(doc);
  sl_sha256_hex(&d, out->sha256);
  if (r.rc)
    *out = (struct sl_evidence){ .version = 0 };
  return r.rc;
}
