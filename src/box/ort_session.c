/* box/ort_session.c: an ONNX model under ONNX Runtime: loaded from bytes that were looked at, its inputs and outputs, one run of it.
 *
 * The runtime gets the very bytes that were checked, never a path, so that nobody can change them in between; weights outside of them are
 * files of the model's own folder, checked one by one. */
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "box/ort.h"

enum { PORTS_MAX = 20000, LOAD_S = 120, RUN_S = 60 };

const char *ort_type_name(int type)
{
  static const char *const names[] = { "nothing", "float", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool",
                                       "float16", "double", "uint32", "uint64", "complex64", "complex128", "bfloat16" };
  return type >= 0 && (size_t)type < sizeof names / sizeof names[0] ? names[type] : "a type of a newer version";
}

/* ---- weights outside ---- */

/* A link may lead anywhere: where the file really lies decides. */
static int check_weights(const struct ort_session_of *s, const char *folder, struct sl_str name, struct sl_err *err)
{
  struct stat st;
  char root[PATH_MAX], real[PATH_MAX], *path = sl_asprintf("%s/%.*s", folder, SL_ARG(name));
  if (!path)
    return sl_err_nomem(err);
  bool there = realpath(folder, root) && realpath(path, real);
  size_t n = there ? strlen(root) : 0;
  sl_free(path);
  name = sl_str_head(name, 100);
  if (!there)
    return sl_err_set(err, SL_ENOENT, "%s: its weights lie in %.*s, which is not beside it", s->file, SL_ARG(name));
  if (strncmp(real, root, n) != 0 || real[n] != '/')
    return sl_err_set(err, SL_EDENIED, "%s: its weights in %.*s lie outside the model's folder", s->file, SL_ARG(name));
  if (stat(real, &st) || !S_ISREG(st.st_mode))
    return sl_err_set(err, SL_EPARSE, "%s: its weights in %.*s are no file", s->file, SL_ARG(name));
  int fd = open(real, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return sl_err_set(err, SL_EDENIED, "%s: its weights lie in %.*s: name the folder that holds both, as model.onnx or with MLmodel",
                      s->file, SL_ARG(name));
  close(fd);
  return SL_OK;
}

static int all_weights(const struct ort_session_of *s, const struct sl_onnx *facts, const char *folder, struct sl_err *err)
{
  int rc = SL_OK;
  if (facts->nexternal && !folder)
    return sl_err_set(err, SL_EUNSUP, "%s: its weights lie in a file of their own: score the folder that holds both", s->file);
  for (size_t i = 0; !rc && i < facts->nexternal; i++)
    rc = check_weights(s, folder, facts->external[i], err);
  return rc;
}

/* ---- what goes in and comes out ---- */

static int port_shape(struct ort_session_of *s, ort_type t, struct ort_port *p, struct sl_err *err)
{
  const struct ort *o = s->o;
  ort_shape shape = NULL;
  int rc = ort_check(o, o->kind_of_type(t, &p->kind), err);
  if (rc || p->kind != ORT_TENSOR)
    return rc;
  rc = ort_check(o, o->as_tensor(t, &shape), err); /* borrowed from t */
  if (!rc)
    rc = ort_check(o, o->element_type(shape, &p->type), err);
  if (!rc)
    rc = ort_check(o, o->dimensions(shape, &p->rank), err);
  if (!rc && p->rank > ORT_DIMS_MAX)
    return sl_err_set(err, SL_EUNSUP, "%s: %s has %zu dimensions", s->file, p->name, p->rank);
  return rc ? rc : ort_check(o, o->get_dimensions(shape, p->dim, p->rank), err);
}

static int port(struct ort_session_of *s, bool in, size_t i, struct ort_port *p, struct sl_err *err)
{
  const struct ort *o = s->o;
  ort_type t = NULL;
  char *name = NULL;
  int rc = ort_check(o, (in ? o->input_name : o->output_name)(s->s, i, s->allocator, &name), err);
  if (rc)
    return rc;
  p->name = sl_strdup(name);
  rc = ort_check(o, o->allocator_free(s->allocator, name), err);
  if (!rc && !p->name)
    rc = sl_err_nomem(err);
  if (!rc)
    rc = ort_check(o, (in ? o->input_type : o->output_type)(s->s, i, &t), err);
  if (!rc)
    rc = port_shape(s, t, p, err);
  if (t)
    o->release_type(t);
  return rc;
}

static int ports(struct ort_session_of *s, bool in, struct ort_port **at, const char ***names, size_t *n, struct sl_err *err)
{
  size_t all = 0;
  int rc = ort_check(s->o, (in ? s->o->input_count : s->o->output_count)(s->s, &all), err);
  if (!rc && (!all || all > PORTS_MAX))
    rc = sl_err_set(err, all ? SL_ELIMIT : SL_EUNSUP, "%s has %zu %s", s->file, all, in ? "inputs" : "outputs");
  if (rc)
    return rc;
  *at = sl_calloc(all, sizeof **at);
  *names = sl_calloc(all, sizeof **names);
  if (!*at || !*names)
    return sl_err_nomem(err);
  for (; !rc && *n < all; ++*n) {
    rc = port(s, in, *n, &(*at)[*n], err);
    (*names)[*n] = (*at)[*n].name;
  }
  return rc;
}

/* ---- open, run, close ---- */

static int set_options(const struct ort *o, ort_options opt, const char *folder, unsigned threads, struct sl_err *err)
{
  const char *const set[][2] = {
    { "session.intra_op.allow_spinning", "0" }, { "session.inter_op.allow_spinning", "0" }, { "session.load_model_format", "ONNX" },
    { "session.model_external_initializers_file_folder_path", folder },
  };
  int rc = ort_check(o, o->set_optimization(opt, ORT_OPTIMIZE_ALL), err);
  if (!rc)
    rc = ort_check(o, o->set_threads(opt, (int)threads), err);
  for (size_t i = 0; !rc && i < sizeof set / sizeof set[0]; i++)
    if (set[i][1])
      rc = ort_check(o, o->set_config(opt, set[i][0], set[i][1]), err);
  return rc;
}

static int load(struct ort_session_of *s, struct sl_str bytes, const struct sl_onnx *facts, const char *folder, unsigned threads,
                struct sl_err *err)
{
  const struct ort *o = s->o;
  folder = facts->nexternal ? folder : NULL;
  ort_options opt = NULL;
  int rc = ort_check(o, o->create_options(&opt), err);
  if (!rc)
    rc = set_options(o, opt, folder, threads, err);
  if (!rc) {
    ort_watch(s->c, NULL, s->seconds ? s->seconds : LOAD_S, "loading it");
    rc = ort_check(o, o->create_session(s->o->env, bytes.p, bytes.n, opt, &s->s), err);
    ort_watch_end();
  }
  if (rc && err && strstr(err->msg, "under development"))
    rc = sl_err_set(err, SL_EUNSUP, "its opset %lld is newer than what ONNX Runtime %s knows", (long long)facts->opset, o->version);
  if (rc)
    sl_err_prefix(err, "%s", s->file);
  if (opt)
    o->release_options(opt);
  return rc;
}

int ort_session_open(struct ort_session_of *s, struct sl_str bytes, const struct sl_onnx *facts, const char *folder, unsigned threads,
                     struct sl_err *err)
{
  if (!s->o->env)
    return sl_err_set(err, SL_EUNSUP, "%s: %s", s->file, s->o->why);
  int rc = all_weights(s, facts, folder, err);
  if (!rc)
    rc = ort_check(s->o, s->o->default_allocator(&s->allocator), err);
  if (!rc)
    rc = ort_check(s->o, s->o->create_memory(ORT_ARENA, ORT_MEMORY_DEFAULT, &s->memory), err);
  if (!rc)
    rc = load(s, bytes, facts, folder, threads, err);
  if (!rc)
    rc = ports(s, true, &s->in, &s->in_name, &s->nin, err);
  return rc ? rc : ports(s, false, &s->out, &s->out_name, &s->nout, err);
}

static void ports_free(struct ort_port *at, const char **names, size_t n)
{
  for (size_t i = 0; at && i < n; i++)
    sl_free(at[i].name);
  sl_free(at);
  sl_free(names);
}

void ort_session_close(struct ort_session_of *s)
{
  if (s->s)
    s->o->release_session(s->s);
  if (s->memory)
    s->o->release_memory(s->memory);
  ports_free(s->in, s->in_name, s->nin);
  ports_free(s->out, s->out_name, s->nout);
  *s = (struct ort_session_of){ .o = s->o };
}

int ort_session_run(struct ort_session_of *s, const ort_value *in, ort_value *out, struct sl_err *err)
{
  const struct ort *o = s->o;
  ort_run_options run = NULL;
  unsigned seconds = s->seconds ? s->seconds : RUN_S;
  int rc = ort_check(o, o->create_run_options(&run), err);
  if (!rc) {
    ort_watch(s->c, run, seconds, "one run of it");
    rc = ort_check(o, o->run(s->s, run, s->in_name, in, s->nin, s->out_name, s->nout, out), err);
    s->timed_out = ort_watch_end() && rc;
    if (s->timed_out)
      rc = sl_err_set(err, SL_ELIMIT, "one run of it took more than %u s", seconds);
  }
  if (rc)
    sl_err_prefix(err, "%s", s->file);
  if (run)
    o->release_run_options(run);
  return rc;
}
