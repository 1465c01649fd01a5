/* judge/recorded.c: what is known about the files of a version by what was decided and computed: the newest statement that counts, else the
 * newest evidence. A statement that does not count, and tags that anybody may write, are no record here. */
#include "model/recorded.h"

#include <stdio.h>

#include "base/file.h"
#include "judge/decisions.h"
#include "judge/evidence.h"
#include "judge/judge_int.h"

struct held { struct sl_ws_conf *conf; char *state_dir; sl_ms now; };

static void held_close(void *user)
{
  struct held *h = user;
  if (h->conf)
    sl_ws_conf_unref(h->conf);
  sl_free(h->state_dir);
  sl_free(h);
}

static void *held_open(struct sl_ws *w)
{
  const struct sl_ws_conf *c = sl_ws_config(w);
  struct held *h = sl_calloc(1, sizeof *h);
  if (!h)
    return NULL;
  h->conf = c ? sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)c) : NULL;
  h->now = sl_ws_now(w);
  h->state_dir = sl_strdup(sl_ws_state_dir(w));
  return h;
}

static void put(struct sl_recorded *out, const char *how, struct sl_str digest, sl_ms at)
{
  *out = (struct sl_recorded){ .at = at };
  snprintf(out->digest, sizeof out->digest, "%.*s", SL_ARG(digest));
  snprintf(out->how, sizeof out->how, "%s", how);
}

static bool by_statement(const struct held *h, const struct sl_recorded_version *v, struct sl_recorded *out)
{
  struct sl_decisions d;
  struct sl_buf registry;
  char number[24];
  bool found = false;
  sl_decisions_init(&d);
  sl_buf_init(&registry, 4096);
  (void)sl_registry_address(h->conf, v->conn, &registry);
  snprintf(number, sizeof number, "%lld", (long long)v->version);
  const struct sl_expected where = { registry.p ? sl_buf_view(&registry) : SL_STR(""), v->model, sl_str(number), h->now };
  int rc = SL_OK;
  for (size_t i = 0; i < v->ntags && !rc; i++)
    rc = sl_decisions_tag(&d, v->tag[i].key, v->tag[i].value, &where, sl_people(h->conf), NULL);
  for (size_t i = 0; i < d.n && !rc; i++) {
    const struct sl_decision *x = &d.v[i];
    if (x->v.worth != SL_WORTH_VALID || x->s.s.digest.n != 64 || (found && x->s.s.at <= out->at))
      continue;
    put(out, "statement", x->s.s.digest, x->s.s.at);
    snprintf(out->by, sizeof out->by, "%s", x->v.who ? x->v.who->name : "");
    found = true;
  }
  sl_decisions_free(&d);
  sl_buf_free(&registry);
  return found;
}

/* Most versions have no folder: one look is enough for those. */
static bool has_folder(const struct held *h, const struct sl_recorded_version *v)
{
  char *path = sl_evidence_path(h->state_dir, v->conn, v->model, v->version, sl_evidence_kinds[0]);
  char *dir = path ? sl_path_dir(path) : NULL;
  bool has = dir && sl_dir_exists(dir);
  sl_free(path);
  sl_free(dir);
  return has;
}

static bool by_evidence(const struct held *h, const struct sl_recorded_version *v, struct sl_recorded *out)
{
  bool found = false;
  if (!h->state_dir || !has_folder(h, v))
    return false;
  for (size_t i = 0; i < SL_EVIDENCE_KINDS; i++) {
    struct sl_arena mem;
    struct sl_evidence e;
    sl_arena_init(&mem, 0);
    bool read = !sl_evidence_load(&e, h->state_dir, v->conn, v->model, v->version, sl_evidence_kinds[i], &mem, NULL);
    if (read && e.digest[0] && (!found || e.at > out->at)) {
      put(out, "evidence", sl_str(e.digest), e.at);
      found = true;
    }
    sl_arena_free(&mem);
  }
  return found;
}

static bool held_find(void *user, const struct sl_recorded_version *v, struct sl_recorded *out)
{
  return by_statement(user, v, out) || by_evidence(user, v, out);
}

const struct sl_recorded_ops judge_recorded = { .open = held_open, .find = held_find, .close = held_close };
