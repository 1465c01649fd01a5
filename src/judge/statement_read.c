/* judge/statement_read.c: a statement from a tag. It is read by jansson, written again, and compared byte by byte: whatever was not in the
 * one form (order, spaces, escapes, a key too many, a number written otherwise) differs and is refused, without a rule for each. */
#include "base/json.h"
#include "judge/statement.h"

static int bad(struct sl_err *err, const char *what)
{
  return sl_err_set(err, SL_EPARSE, "no statement: %s", what);
}

static bool text_of(struct sl_arena *mem, const json_t *obj, const char *key, bool nullable, struct sl_str *out)
{
  const json_t *v = json_object_get(obj, key);
  *out = SL_STR_NONE;
  if (nullable && json_is_null(v))
    return true;
  if (!json_is_string(v))
    return false;
  char *z = sl_arena_strndup(mem, json_string_value(v), json_string_length(v));
  *out = sl_strn(z, json_string_length(v));
  return z;
}

static bool time_of(const json_t *obj, const char *key, sl_ms *out)
{
  const json_t *v = json_object_get(obj, key);
  *out = 0;
  return json_is_null(v) || (json_is_string(v) && sl_time_parse(sl_strn(json_string_value(v), json_string_length(v)), 0, NULL, out));
}

static int read_fields(struct sl_signed *out, const json_t *obj, struct sl_err *err)
{
  struct sl_statement *s = &out->s;
  struct sl_arena *m = &out->mem;
  const json_t *v = json_object_get(obj, "v");
  if (!json_is_integer(v))
    return bad(err, "it has no version `v`");
  if (json_integer_value(v) != SL_STATEMENT_V)
    return sl_err_set(err, SL_EUNSUP, "a statement of version %lld; this program knows %d", (long long)json_integer_value(v),
                      SL_STATEMENT_V);
  bool ok = text_of(m, obj, "registry", false, &s->registry) && text_of(m, obj, "model", false, &s->model) &&
            text_of(m, obj, "version", false, &s->version) && text_of(m, obj, "digest", true, &s->digest) &&
            text_of(m, obj, "to", false, &s->to) && text_of(m, obj, "was", false, &s->was) &&
            text_of(m, obj, "evidence", true, &s->evidence) && text_of(m, obj, "policy", true, &s->policy) &&
            text_of(m, obj, "decision", false, &s->decision) && text_of(m, obj, "comment", false, &s->comment) &&
            text_of(m, obj, "by", false, &s->by) && time_of(obj, "at", &s->at) && time_of(obj, "expires", &s->expires);
  return ok ? SL_OK : bad(err, "a field is missing, or is of another kind");
}

/* The statement and the tag, written again, must be what was read. */
static int check_form(struct sl_signed *out, struct sl_str tag, struct sl_err *err)
{
  struct sl_buf text, again;
  struct sl_err why = { 0 };
  sl_buf_init(&text, SL_STATEMENT_MAX);
  sl_buf_init(&again, 2 * SL_STATEMENT_MAX);
  int rc = sl_statement_text(&text, &out->s, &why);
  if (!rc)
    rc = sl_statement_tag(&again, sl_buf_view(&text), out->signature, &why);
  if (rc == SL_ENOMEM)
    sl_err_nomem(err);
  else if (rc)
    rc = bad(err, why.msg);
  else if (!sl_str_eq(sl_buf_view(&again), tag))
    rc = bad(err, "it is not written in the one form that statements have");
  if (!rc) {
    char *z = sl_arena_strndup(&out->mem, text.p, text.n);
    out->text = sl_strn(z, text.n);
    rc = z ? SL_OK : sl_err_nomem(err);
  }
  sl_buf_free(&text);
  sl_buf_free(&again);
  return rc;
}

int sl_statement_read(struct sl_signed *out, struct sl_str tag, struct sl_err *err)
{
  json_t *doc = NULL;
  struct sl_err why = { 0 };
  *out = (struct sl_signed){ .text = SL_STR_NONE };
  sl_arena_init(&out->mem, 8 * SL_STATEMENT_MAX);
  if (tag.n > SL_STATEMENT_MAX)
    return sl_err_set(err, SL_EPARSE, "no statement: it is longer than %d bytes", SL_STATEMENT_MAX);
  int rc = sl_json_load(&doc, tag, false, &why);
  if (rc == SL_ENOMEM)
    return sl_err_nomem(err);
  if (rc)
    return bad(err, why.msg);
  const json_t *obj = json_object_get(doc, "statement");
  if (!json_is_object(obj) || !text_of(&out->mem, doc, "signature", true, &out->signature))
    rc = bad(err, "it is not {\"statement\":{...},\"signature\":...}");
  if (!rc)
    rc = read_fields(out, obj, err);
  json_decref(doc);
  return rc ? rc : check_form(out, tag, err);
}

void sl_statement_free(struct sl_signed *s)
{
  sl_arena_free(&s->mem);
  *s = (struct sl_signed){ .text = SL_STR_NONE };
}
