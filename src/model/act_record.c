/* model/act_record.c: what a record of the audit says about who did what from where. No secret is among an action's arguments; what
 * looks like
 * one is redacted all the same when it is written. */
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "model/act_int.h"

static void field(struct sl_buf *b, const char *key, struct sl_str v)
{
  if (!v.n)
    return;
  sl_buf_printf(b, ",\"%s\":", key);
  sl_json_quote(b, v);
}

static void who(struct sl_plan *p, struct sl_buf *b)
{
  const struct sl_identity *me = sl_ws_me(p->w);
  char host[128] = "";
  const char *tty = isatty(STDIN_FILENO) ? ttyname(STDIN_FILENO) : NULL, *ssh = getenv("SSH_CLIENT");
  if (gethostname(host, sizeof host - 1))
    host[0] = 0;
  field(b, "who", sl_str(me->name));
  field(b, "known", sl_str(sl_known_name((int)me->known)));
  field(b, "issuer", sl_str(me->issuer));
  field(b, "subject", sl_str(me->subject));
  field(b, "host", sl_str(host));
  sl_buf_printf(b, ",\"uid\":%ld,\"pid\":%ld", (long)getuid(), (long)getpid());
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
    sl_json_quote(b, sl_buf_view(&ref));
  }
  sl_buf_ch(b, ']');
  sl_buf_free(&ref);
}

static void args(struct sl_plan *p, struct sl_buf *b)
{
  struct sl_jw w = sl_jw(b, false);
  sl_buf_z(b, ",\"args\":");
  sl_jw_obj(&w);
  for (size_t i = 0; i < p->call.act->nargs; i++)
    if (!p->call.args[i].null) {
      sl_jw_key(&w, sl_str(p->call.act->args[i].name));
      sl_val_json(&w, &p->call.args[i]);
    }
  sl_jw_end_obj(&w);
}

static void calls(struct sl_plan *p, struct sl_buf *b)
{
  sl_buf_z(b, ",\"calls\":[");
  for (size_t i = 0; i < p->nline && i < 100; i++) {
    if (i)
      sl_buf_ch(b, ',');
    sl_json_quote(b, sl_str(p->line[i]));
  }
  sl_buf_ch(b, ']');
}

void act_fields(struct sl_plan *p, const char *kind)
{
  struct sl_buf *b = &p->fields;
  sl_buf_clear(b);
  sl_buf_printf(b, "\"kind\":\"%s\",\"id\":\"%s\"", kind, p->call.token);
  who(p, b);
  sl_buf_printf(b, ",\"action\":\"%s.%s\"", p->call.res->name, p->call.act->name);
  field(b, "connection", sl_str(p->conn));
  targets(p, b);
  if (kind[0] == 'i') {
    args(p, b);
    calls(p, b);
  }
}
