/* app/gen_man.c: man/sluice.1 from the option table, the resources and the views. */
#include "app/app.h"
#include "app/gen.h"
#include "model/resource.h"
#include "ui/view.h"

/* Text in troff: backslashes and dashes as they are, no line that looks like a request. */
static void text(struct sl_buf *b, struct sl_str s)
{
  bool start = true;
  for (size_t i = 0; i < s.n; i++) {
    char c = s.p[i];
    if (start && (c == '.' || c == '\''))
      sl_buf_z(b, "\\&");
    start = c == '\n';
    if (c == '\\')
      sl_buf_z(b, "\\e");
    else if (c == '-')
      sl_buf_z(b, "\\-");
    else
      sl_buf_ch(b, c);
  }
}

static void textz(struct sl_buf *b, const char *z) { text(b, sl_str(z)); }

static void paragraphs(struct sl_buf *b, const char *about)
{
  struct sl_str rest = sl_str(about), part;
  for (bool more = false; rest.p && sl_str_cut(&rest, '\n', &part); more = true) {
    if (more)
      sl_buf_z(b, ".PP\n");
    text(b, part);
    sl_buf_ch(b, '\n');
  }
}

static void option(struct sl_buf *b, const struct sl_opt *o)
{
  struct sl_buf name;
  sl_buf_init(&name, 128);
  sl_opt_put(&name, o);
  sl_buf_z(b, ".TP\n.B ");
  if (o->letter && strlen(o->name) > 1)
    sl_buf_printf(b, "\\-%c\\fR, \\fB", o->letter);
  text(b, sl_buf_view(&name));
  if (o->arg)
    sl_buf_printf(b, " \\fI%s\\fR", o->arg);
  sl_buf_ch(b, '\n');
  textz(b, o->help);
  sl_buf_ch(b, '\n');
  sl_buf_free(&name);
}

static void examples(struct sl_buf *b, const char *lines)
{
  struct sl_str rest = sl_str(lines), part;
  while (rest.p && sl_str_cut(&rest, '\n', &part)) {
    ptrdiff_t hash = sl_str_find(part, SL_STR(" # "));
    if (hash <= 0)
      continue;
    sl_buf_z(b, ".PP\n.nf\n.RS 4\n");
    text(b, sl_str_head(part, (size_t)hash));
    sl_buf_z(b, "\n.RE\n.fi\n.RS 8\n");
    text(b, sl_str_from(part, (size_t)hash + 3));
    sl_buf_z(b, "\n.RE\n");
  }
}

static void command(struct sl_buf *b, const struct sl_cmd *c)
{
  sl_buf_printf(b, ".SS \"%s", c->name);
  if (c->args[0]) {
    sl_buf_ch(b, ' ');
    textz(b, c->args);
  }
  sl_buf_z(b, "\"\n");
  paragraphs(b, c->about);
  for (size_t i = 0; i < SL_O_N; i++)
    if (!sl_opts[i].global && sl_cmd_takes(c, &sl_opts[i]))
      option(b, &sl_opts[i]);
  examples(b, c->examples);
}

static void resource(struct sl_buf *b, const struct sl_resource *r)
{
  sl_buf_printf(b, ".SS %s\n", r->name);
  textz(b, r->help);
  sl_buf_z(b, ".\n");
  if (r->scope) {
    sl_buf_z(b, "SCOPE: ");
    textz(b, r->scope);
    sl_buf_z(b, ".\n");
  }
  for (size_t i = 0; i < r->ncols; i++) {
    sl_buf_printf(b, ".TP\n.B %s\n", r->cols[i].name);
    textz(b, r->cols[i].help ? r->cols[i].help : "");
    if (r->cols[i].unit)
      sl_buf_printf(b, " (%s)", r->cols[i].unit);
    sl_buf_ch(b, '\n');
  }
}

static void views(struct sl_buf *b)
{
  if (!sl_views[0])
    return;
  sl_buf_z(b, ".SH VIEWS\nOf the console; : opens each by its name, ? shows its keys.\n");
  for (size_t i = 0; sl_views[i]; i++) {
    sl_buf_printf(b, ".TP\n.B %s", sl_views[i]->name);
    if (sl_views[i]->arg)
      sl_buf_printf(b, " %s", sl_views[i]->arg);
    sl_buf_ch(b, '\n');
    textz(b, sl_views[i]->help ? sl_views[i]->help : sl_views[i]->title);
    sl_buf_ch(b, '\n');
  }
}

static const char tail[] =
  ".SH RECORDINGS\n"
  "\\-\\-record writes what was asked and answered into one file: rows, documents, bytes that were read, plans, the state of\n"
  "connections, and of the workspace its environment, timezone and zones with their addresses. Secret columns, settings of\n"
  "connections and jobs never enter; personal columns enter as hashes unless \\-\\-with\\-data; what looks like a token is\n"
  "taken out of texts, and bytes that hold one are left out. At the end the contents are listed; on a terminal nothing is\n"
  "written without your y.\n"
  ".PP\n\\-\\-replay opens such a file with no network: the same questions get the same answers, any other is an error.\n"
  "The clock stands at the end of the recording, and nothing can be changed. A file that was cut or changed is refused.\n"
  ".SH EXIT STATUS\n"
  ".TP\n.B 0\nDone.\n.TP\n.B 1\nThe operation failed.\n.TP\n.B 2\nWrong usage or configuration.\n"
  ".TP\n.B 3\nNobody answered, or credentials are missing: worth another try.\n"
  ".TP\n.B 4\nA check was breached.\n"
  ".TP\n.B 5\nPartial: standard output holds what came, standard error says what is missing.\n"
  ".TP\n.B 130\nInterrupted.\n"
  ".SH ENVIRONMENT\n"
  ".TP\n.B SLUICE_WORKSPACE\nThe workspace where no \\-w is given.\n"
  ".TP\n.B SLUICE_LIB\nAn absolute folder in which libduckdb.so and libonnxruntime.so.1 are searched first.\n"
  ".TP\n.B SLUICE_CPU\nThe kernels that models are scored with: c, avx2 or avx512. Without it the best that the processor has. The\n"
  "results are the same.\n"
  ".TP\n.B SLUICE_TRACE\\fR, \\fBSLUICE_TRACE_FILE\n"
  "What happened, for whoever looks for a fault: areas loop, http, ssh, pg, box, model, ui, job or all,\n"
  "each with :LEVEL. Secrets are left out.\n"
  ".TP\n.B NO_COLOR\nNo colours.\n"
  ".TP\n.B XDG_CONFIG_HOME\\fR, \\fBXDG_STATE_HOME\\fR, \\fBXDG_RUNTIME_DIR\\fR, \\fBXDG_CACHE_HOME\n"
  "Where settings, state, logins and caches are.\n"
  ".SH FILES\n"
  ".TP\n.I ~/.config/sluice/config.yaml\nYour own settings.\n"
  ".TP\n.I ~/.config/sluice/workspaces/*.yaml\nWorkspaces.\n"
  ".TP\n.I ~/.local/state/sluice/\nThe audit, executions of local jobs, locks.\n";

void sl_gen_man(struct sl_buf *b)
{
  sl_buf_z(b, ".\\\" made by sluice --generate man\n.TH SLUICE 1 \"\" \"sluice " SLUICE_VERSION "\"\n.SH NAME\n"
              "sluice \\- terminal console for data lakes and ML platforms\n.SH SYNOPSIS\n"
              ".B sluice\n[\\fIOPTION\\fR...] [\\fICOMMAND\\fR [\\fIARGUMENT\\fR...]]\n.SH DESCRIPTION\n"
              "One program, one workspace at a time, everything that an operator needs to see what is broken and what broke it.\n"
              "Without a command it opens the console; every pane there is also a command here, over the same rows.\n"
              ".PP\nStandard output is data, standard error is notes; nothing is cut without saying so.\n"
              ".SH COMMANDS\n");
  for (size_t i = 0; i < sl_ncmds; i++)
    command(b, &sl_cmds[i]);
  sl_buf_z(b, ".SH OPTIONS\nThey work with every command, before or after it.\n");
  for (size_t i = 0; i < SL_O_N; i++)
    if (sl_opts[i].global)
      option(b, &sl_opts[i]);
  sl_buf_z(b, ".SH RESOURCES\nEvery row begins with the column\n.B connection\nand ends with\n.BR ref ,\nits name for ever.\n"
              "Times are UTC in JSON and CSV, sizes bytes, durations seconds; what is unknown is null.\n");
  for (size_t i = 0; sl_resources[i]; i++)
    resource(b, sl_resources[i]);
  views(b);
  sl_buf_z(b, tail);
}
