/* model/act_record.c: what a record of the audit says about who did what from where. No secret is among an action's arguments; what
 * looks like one is redacted all the same when it is written. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>


#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"
#include "model/act_int.h"

static void field(struct sl_buf *b, const char *key, struct sl_str v)
{
  if (!v.n)
    return;
  sl_buf_printf(b, ",\"%s\":", key);
  act_quote(b, v);
}

/* A record must stay readable for ever, whatever a name holds: our JSON reader takes no bytes that are not UTF-8. */
void act_quote(struct sl_buf *b, struct sl_str s)
{
  struct sl_buf t;
  uint32_t cp;
  if (sl_utf8_valid(s)) {
    sl_json_quote(b, s);
    return;
  }
  sl_buf_init(&t, SL_AUDIT_LINE);
  while (s.n) {
    int n = sl_utf8_next(s, &cp);
    if (n > 0)
      sl_buf_add(&t, s.p, (size_t)n);
    else
      sl_buf_printf(&t, "\\x%02x", (unsigned)(unsigned char)s.p[0]);
    s = sl_str_from(s, n > 0 ? (size_t)n : 1);
  }
  if (t.failed)
    b->failed = t.failed;
  sl_json_quote(b, sl_buf_view(&t));
  sl_buf_free(&t);
}

/* ---- which process: so that the next one can tell whether it still runs ---- */

static int small_file(struct sl_buf *b, const char *path)
{
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  char *room = sl_buf_room(b, 1024);
  ssize_t n = fd < 0 || !room ? -1 : read(fd, room, 1024);
  if (n > 0)
    sl_buf_wrote(b, (size_t)n);
  if (fd >= 0)
    close(fd);
  return n > 0 ? SL_OK : SL_ENOENT;
}

struct sl_str act_boot(struct sl_buf *b)
{
  return small_file(b, "/proc/sys/kernel/random/boot_id") ? SL_STR("") : sl_str_trim(sl_buf_view(b));
}

/* Numbers of processes come round again; with the moment of their start (field 22, behind the name in brackets) they do not. */
struct sl_str act_born(struct sl_buf *b, long pid)
{
  char path[64];
  struct sl_str rest, one = SL_STR("");
  snprintf(path, sizeof path, "/proc/%ld/stat", pid);
  if (small_file(b, path))
    return SL_STR("");
  rest = sl_buf_view(b);
  for (size_t i = rest.n; i > 0; i--)
    if (rest.p[i - 1] == ')') {
      rest = sl_str_trim(sl_str_from(rest, i));
      break;
    }
  for (int field = 3; field <= 22; field++)
    if (!sl_str_cut(&rest, ' ', &one))
      return SL_STR("");
  return one;
}

static void process(struct sl_buf *b)
{
  struct sl_buf t;
  sl_buf_init(&t, 8192);
  sl_buf_printf(b, ",\"uid\":%ld,\"pid\":%ld", (long)getuid(), (long)getpid());
  field(b, "boot", act_boot(&t));
  sl_buf_clear(&t);
  field(b, "born", act_born(&t, (long)getpid()));
  sl_buf_free(&t);
}

static void who(const struct sl_ws *w, struct sl_buf *b)
{
  const struct sl_identity *me = sl_ws_me(w);
  char host[128] = "";
  const char *tty = isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : NULL, *ssh = getenv("SSH_CLIENT");
  if (gethostname(host, sizeof host - 1))
    host[0] = 0;
  field(b, "who", sl_str(me->name));
  field(b, "known", sl_str(sl_known_name((int)me->known)));
  field(b, "issuer", sl_str(me->issuer));
  field(b, "subject", sl_str(me->subject));
  field(b, "host", sl_str(host));
  process(b);
  field(b, "tty", sl_str(tty));
  field(b, "ssh", sl_str(ssh));
}

static void targets(struct sl_plan *p, struct sl_buf *b)
{
  struct sl_buf ref;
  sl_buf_init(&ref, 1 << 16);
  sl_buf_z(b, ",\"targets\":[");
  for (size_t i = 0; i < p->call.ntargets; i++) {
    sl_buf_clear(&ref);
    sl_ref_text(&ref, &p->call.targets[i]);
    if (i)
      sl_buf_ch(b, ',');
    act_quote(b, sl_buf_view(&ref));
    b->failed = b->failed ? b->failed : ref.failed; /* a record without its target would be one of nothing */
  }
  sl_buf_ch(b, ']');
  sl_buf_free(&ref);
}

static void arg_value(struct sl_buf *b, const struct sl_val *v)
{
  struct sl_str rest = v->u.s, one;
  struct sl_jw w = sl_jw(b, false);
  if (v->type == SL_TEXT || v->type == SL_STATE || v->type == SL_REF || v->type == SL_URI || v->type == SL_JSON) {
    act_quote(b, v->u.s);
    return;
  }
  if (v->type != SL_LIST) {
    sl_val_json(&w, v);
    return;
  }
  sl_buf_ch(b, '[');
  for (bool first = true; sl_list_next(&rest, &one); first = false) {
    sl_buf_z(b, first ? "" : ",");
    act_quote(b, one);
  }
  sl_buf_ch(b, ']');
}

/* By name: an action may grow arguments, and the record is read again by reconcile.c. */
static void args(struct sl_plan *p, struct sl_buf *b)
{
  const char *between = "";
  sl_buf_z(b, ",\"args\":{");
  for (size_t i = 0; i < p->call.act->nargs; i++) {
    if (p->call.args[i].null)
      continue;
    sl_buf_printf(b, "%s\"%s\":", between, p->call.act->args[i].name);
    arg_value(b, &p->call.args[i]);
    between = ",";
  }
  sl_buf_ch(b, '}');
}

static void calls(struct sl_plan *p, struct sl_buf *b)
{
  sl_buf_z(b, ",\"calls\":[");
  for (size_t i = 0; i < p->nline && i < 100; i++) {
    if (i)
      sl_buf_ch(b, ',');
    act_quote(b, sl_str(p->line[i]));
  }
  sl_buf_ch(b, ']');
}

void act_fields(struct sl_plan *p, const char *kind)
{
  struct sl_buf *b = &p->fields;
  sl_buf_clear(b);
  sl_buf_printf(b, "\"kind\":\"%s\",\"id\":\"%s\"", kind, p->call.token);
  who(p->w, b);
  sl_buf_printf(b, ",\"action\":\"%s.%s\"", p->call.res->name, p->call.act->name);
  field(b, "connection", sl_str(p->conn));
  field(b, "identity", sl_str(p->b ? p->b->identity : ""));
  targets(p, b);
  if (kind[0] == 'i' || sl_str_eqz(sl_str(kind), "refused")) {
    args(p, b);
    calls(p, b);
  }
}

/* ---- beside an action ---- */

struct aside { struct sl_ws *w; char *path; struct sl_buf fields; sl_ms when; };

static void aside_free(struct aside *a)
{
  sl_buf_free(&a->fields);
  sl_free(a->path);
  sl_free(a);
}

static int aside_work(void *user, const atomic_bool *cancel, struct sl_err *err)
{
  struct aside *a = user;
  (void)cancel; /* once begun, a record is finished */
  return sl_audit_append(a->path, sl_buf_view(&a->fields), a->when, NULL, err);
}

static void aside_lost(struct sl_ws *w, const struct sl_err *err)
{
  char line[300];
  snprintf(line, sizeof line, "that could not be written down: %.250s", err->msg);
  if (w->on_say) /* while it closes, too: it waits for this record, and a command ends right behind it */
    w->on_say(w->on_say_user, line);
}

static void aside_done(void *user, int rc, const struct sl_err *err)
{
  struct aside *a = user;
  a->w->jobs--;
  if (rc)
    aside_lost(a->w, err);
  else if (!a->w->closing)
    sl_ws_stale(a->w, &sl_res_audit);
  aside_free(a);
}

static int aside_make(struct aside **out, struct sl_ws *w, const struct sl_audit_aside *x, struct sl_err *err)
{
  char token[37];
  struct sl_buf ref;
  int rc = sl_uuid4(token, err);
  struct aside *a = rc ? NULL : sl_calloc(1, sizeof *a);
  if (!a)
    return rc ? rc : sl_err_nomem(err);
  *a = (struct aside){ .w = w, .path = sl_strdup(sl_ws_audit_path(w)), .when = sl_ws_now(w) };
  sl_buf_init(&a->fields, SL_AUDIT_LINE);
  sl_buf_init(&ref, 1 << 16);
  struct sl_buf *b = &a->fields;
  sl_buf_printf(b, "\"kind\":\"outcome\",\"id\":\"%s\",\"of\":\"%s\"", token, x->of);
  who(w, b);
  field(b, "action", sl_str(x->action));
  field(b, "connection", x->target.conn);
  sl_ref_text(&ref, &x->target);
  sl_buf_z(b, ",\"targets\":[");
  act_quote(b, sl_buf_view(&ref));
  sl_buf_ch(b, ']');
  field(b, "outcome", sl_str(x->outcome));
  field(b, "detail", x->detail);
  b->failed = b->failed ? b->failed : ref.failed;
  sl_buf_free(&ref);
  rc = a->path ? sl_buf_check(b, err) : sl_err_nomem(err);
  if (rc)
    aside_free(a);
  else
    *out = a;
  return rc;
}

void sl_ws_audit_aside(struct sl_ws *w, const struct sl_audit_aside *x)
{
  static const struct sl_job_ops ops = { .work = aside_work, .done = aside_done };
  struct sl_err err = { 0 };
  struct aside *a = NULL;
  int rc = aside_make(&a, w, x, &err);
  if (!rc && (rc = sl_job_start(w->l, SL_LANE_FILE, &ops, a, &(sl_job){ 0 }, &err)))
    aside_free(a);
  if (rc)
    aside_lost(w, &err);
  else
    w->jobs++; /* the workspace waits for it when it closes */
}
