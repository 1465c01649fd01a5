/* backends/local/settled.c: what a plan has settled (the day that @today is, the partition that is @newest, a job's steps as they were)
 * on its way to the call. Parameters travel as values; of the rest a digest does, so that a job that was edited meanwhile does not run
 * unseen. */
#include "backend_local/exec_int.h"
#include "base/hash.h"

enum { SPEC_MAX = 4 << 20 };

int local_spec_digest(const struct local_spec *s, char digest[65], struct sl_err *err)
{
  struct local_spec same = *s;
  struct sl_buf b;
  sl_buf_init(&b, SPEC_MAX);
  same.id = same.token = same.exe = same.config = NULL;
  same.created = 0;
  struct sl_jw w = sl_jw(&b, false);
  sl_jw_obj(&w);
  local_spec_json(&w, &same);
  sl_jw_end_obj(&w);
  int rc = sl_buf_check(&b, err);
  struct sl_sha256 d = sl_sha256(sl_buf_view(&b));
  sl_sha256_hex(&d, digest);
  sl_buf_free(&b);
  return rc;
}

int local_settled_add(struct sl_buf *b, const struct local_spec *s, struct sl_err *err)
{
  char digest[65];
  int rc = local_spec_digest(s, digest, err);
  struct sl_jw w = sl_jw(b, false);
  sl_jw_obj(&w);
  sl_jw_key(&w, SL_STR("digest"));
  sl_jw_str(&w, sl_str(digest));
  sl_jw_key(&w, SL_STR("params"));
  sl_jw_obj(&w);
  for (size_t i = 0; i < s->nparams; i++) {
    sl_jw_key(&w, sl_str(s->params[i].name));
    sl_jw_str(&w, sl_str(s->params[i].value));
  }
  sl_jw_end_obj(&w);
  sl_jw_end_obj(&w);
  return rc;
}

static int read_one(struct local_settled_one *x, const json_t *o, struct sl_err *err)
{
  struct sl_str digest = sl_json_str(o, "digest");
  if (digest.n + 1 != sizeof x->digest)
    return sl_err_set(err, SL_EINTERNAL, "what the plan has settled is not ours");
  memcpy(x->digest, digest.p, sizeof x->digest);
  return local_spec_params(&x->spec, json_object_get(o, "params"), err);
}

int local_settled_read(struct local_settled *s, struct sl_str json, size_t n, struct sl_err *err)
{
  json_t *all = NULL;
  *s = (struct local_settled){ 0 };
  int rc = sl_json_load(&all, json, false, err);
  if (!rc && json_array_size(all) != n)
    rc = sl_err_set(err, SL_EINTERNAL, "what the plan has settled is for other targets");
  if (!rc && !(s->one = sl_calloc(n, sizeof *s->one)))
    rc = sl_err_nomem(err);
  for (; !rc && s->n < n; s->n++) {
    local_spec_init(&s->one[s->n].spec);
    rc = read_one(&s->one[s->n], json_array_get(all, s->n), err);
  }
  json_decref(all);
  if (rc)
    local_settled_free(s);
  return rc;
}

void local_settled_free(struct local_settled *s)
{
  for (size_t i = 0; i < s->n; i++)
    local_spec_free(&s->one[i].spec);
  sl_free(s->one);
  *s = (struct local_settled){ 0 };
}
