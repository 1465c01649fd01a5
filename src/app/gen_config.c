/* app/gen_config.c: docs/CONFIG.md, and the same as man/sluice-workspace.5: what may stand in a workspace file and in config.yaml, from the
 * settings tables of the core and of every backend. */
#include <string.h>

#include "app/gen.h"
#include "app/session.h"
#include "base/mem.h"

void sl_gen_config_md(struct sl_buf *b)
{
  struct sl_session s = { 0 };
  struct sl_err err = { 0 };
  if (sl_session_types(&s, &err) || sl_conf_markdown(b, s.types, s.ntypes, &err))
    b->failed = err.code ? err.code : SL_EINTERNAL;
  sl_free(s.types);
}

/* ---- from its Markdown to troff: headings, tables of four columns, `words`, **words** ---- */

static void inline_text(struct sl_buf *b, struct sl_str s)
{
  bool bold = false, start = true;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (start && (c == '.' || c == '\''))
      sl_buf_z(b, "\\&");
    start = c == '\n';
    if (c == '`') {
      sl_buf_z(b, bold ? "\\fR" : "\\fB");
      bold = !bold;
    } else if (c == '\\' && i + 1 < s.n && s.p[i + 1] == '|')
      sl_buf_ch(b, s.p[++i]);
    else if (c == '\\')
      sl_buf_z(b, "\\e");
    else if (c == '-')
      sl_buf_z(b, "\\-");
    else
      sl_buf_ch(b, c);
  }
}

/* The next cell of "| a | b |": an escaped bar ends none. */
static bool cell(struct sl_str *rest, struct sl_str *out)
{
  if (rest->n < 2)
    return false;
  size_t at = 1;
  while (at < rest->n && !(rest->p[at] == '|' && rest->p[at - 1] != '\\'))
    at++;
  *out = sl_str_trim(sl_str_from(sl_str_head(*rest, at), 1));
  *rest = sl_str_from(*rest, at);
  return true;
}

static void setting(struct sl_buf *b, struct sl_str line)
{
  struct sl_str name = SL_STR_NONE, value = SL_STR_NONE, dflt = SL_STR_NONE, what = SL_STR_NONE;
  if (!cell(&line, &name) || !cell(&line, &value) || !cell(&line, &dflt) || !cell(&line, &what))
    return;
  if (sl_str_eqz(name, "setting") || sl_str_starts(name, SL_STR("---")))
    return;
  sl_buf_z(b, ".TP\n");
  inline_text(b, name);
  sl_buf_z(b, " (");
  inline_text(b, value);
  if (dflt.n) {
    sl_buf_z(b, sl_str_eqz(dflt, "required") ? "; " : "; default ");
    inline_text(b, dflt);
  }
  sl_buf_z(b, ")\n");
  inline_text(b, what);
  sl_buf_ch(b, '\n');
}

static void heading(struct sl_buf *b, struct sl_str line)
{
  bool sub = sl_str_starts(line, SL_STR("### "));
  struct sl_str words = sl_str_from(line, sub ? 4 : 3);
  sl_buf_z(b, sub ? ".SS \"" : ".SH \"");
  for (size_t i = 0; i < words.n; i++)
    if (words.p[i] != '`')
      sl_buf_ch(b, sub ? words.p[i] : (char)(words.p[i] >= 'a' && words.p[i] <= 'z' ? words.p[i] - 32 : words.p[i]));
  sl_buf_z(b, "\"\n");
}

void sl_gen_config_man(struct sl_buf *b)
{
  struct sl_buf md;
  sl_buf_init(&md, 0);
  sl_gen_config_md(&md);
  sl_buf_z(b, ".\\\" made by sluice --generate man5\n.TH SLUICE-WORKSPACE 5 \"\" \"sluice " SLUICE_VERSION "\"\n.SH NAME\n"
              "sluice-workspace \\- the workspace file and config.yaml of sluice(1)\n.SH DESCRIPTION\n");
  struct sl_str rest = sl_buf_view(&md), line;
  while (rest.p && sl_str_cut(&rest, '\n', &line)) {
    if (sl_str_starts(line, SL_STR("# ")))
      continue;
    if (sl_str_starts(line, SL_STR("## ")) || sl_str_starts(line, SL_STR("### ")))
      heading(b, line);
    else if (sl_str_starts(line, SL_STR("|")))
      setting(b, line);
    else if (!line.n)
      sl_buf_z(b, ".PP\n");
    else {
      inline_text(b, line);
      sl_buf_ch(b, '\n');
    }
  }
  if (md.failed)
    b->failed = md.failed;
  sl_buf_free(&md);
}
