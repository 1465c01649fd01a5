/* tests/screen/script.c: reading and rewriting screen scripts. Test code: running out of memory ends it. */
#include "script.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *p)
{
  if (!p)
    abort();
  return p;
}

static char *copy(const char *p, size_t n)
{
  char *z = must(malloc(n + 1));
  memcpy(z, p, n);
  z[n] = 0;
  return z;
}

static bool wrong(struct script *s, int line, const char *what)
{
  snprintf(s->error, sizeof s->error, "%s:%d: %s", s->path, line, what);
  return false;
}

/* ---- words ---- */

static int hex(char c)
{
  return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static const char *escape(const char *p, struct sl_buf *out)
{
  if (p[0] == 'x' && hex(p[1]) >= 0 && hex(p[2]) >= 0) {
    sl_buf_ch(out, (char)(hex(p[1]) << 4 | hex(p[2])));
    return p + 3;
  }
  sl_buf_ch(out, p[0] == 'n' ? '\n' : p[0] == 't' ? '\t' : p[0]);
  return p[0] ? p + 1 : p;
}

bool script_word(const char **rest, struct sl_buf *out, bool *quoted)
{
  const char *p = *rest + strspn(*rest, " ");
  bool inside = false;
  sl_buf_clear(out);
  *quoted = *p == '"';
  if (!*p)
    return false;
  for (; *p && (inside || *p != ' ');) {
    if (*p == '"') {
      inside = !inside;
      p++;
    } else if (inside && *p == '\\') {
      p = escape(p + 1, out);
    } else {
      sl_buf_ch(out, *p++);
    }
  }
  *rest = p;
  return true;
}

/* ---- reading ---- */

static void lines_read(struct script *s, const struct sl_buf *text)
{
  struct sl_str rest = sl_buf_view(text), line;
  if (rest.n && rest.p[rest.n - 1] == '\n')
    rest.n--;
  while (sl_str_cut(&rest, '\n', &line)) {
    s->lines = must(realloc(s->lines, (s->nlines + 1) * sizeof *s->lines));
    s->lines[s->nlines++] = copy(line.p, line.n);
  }
}

static const struct { const char *word; enum step_kind kind; } words[] = {
  {"open", STEP_OPEN}, {"run", STEP_RUN}, {"keys", STEP_KEYS}, {"paste", STEP_PASTE}, {"size", STEP_SIZE}, {"wait", STEP_WAIT},
  {"fake", STEP_FAKE}, {"expect", STEP_EXPECT}, {"picture", STEP_PICTURE}};

/* Lines of a body begin with two blanks (tables, YAML) or a bar (pictures). */
static size_t body_read(struct script *s, size_t at, char mark, struct step *step)
{
  step->body_at = (int)at;
  while (at < s->nlines && (mark == '|' ? s->lines[at][0] == '|' : !strncmp(s->lines[at], "  ", 2))) {
    step->body = must(realloc(step->body, (step->nbody + 1) * sizeof *step->body));
    step->body[step->nbody++] = s->lines[at] + (mark == '|' ? 1 : 2);
    at++;
  }
  step->body_lines = (int)at - step->body_at;
  return at;
}

static bool size_read(const char *arg, int *w, int *h)
{
  struct sl_str rest = sl_str(arg), left;
  int64_t a, b;
  bool ok = sl_str_cut(&rest, 'x', &left) && sl_str_i64(left, &a) && sl_str_i64(sl_str_trim(rest), &b) && a > 0 && b > 0;
  if (ok)
    *w = (int)a, *h = (int)b;
  return ok;
}

static void workspace_read(struct script *s, const struct step *body)
{
  struct sl_buf b;
  sl_buf_init(&b, 0);
  for (size_t i = 0; i < body->nbody; i++) {
    sl_buf_z(&b, body->body[i]);
    sl_buf_ch(&b, '\n');
  }
  s->workspace = must(sl_buf_take(&b, NULL));
  free(body->body);
}

/* What is said once, before anything happens. */
static bool setup_read(struct script *s, const char *word, const char *arg)
{
  if (!strcmp(word, "clock"))
    snprintf(s->clock, sizeof s->clock, "%s", arg);
  else if (!strcmp(word, "glyphs"))
    snprintf(s->glyphs, sizeof s->glyphs, "%s", arg);
  else if (!strcmp(word, "gallery"))
    snprintf(s->gallery, sizeof s->gallery, "%s", arg);
  else
    return false;
  return true;
}

static bool line_read(struct script *s, size_t *at)
{
  const char *text = s->lines[*at], *arg = text + strcspn(text, " ");
  char word[32];
  snprintf(word, sizeof word, "%.*s", (int)(arg - text), text);
  arg += strspn(arg, " ");
  struct step step = {.line = (int)*at + 1, .kind = STEP_PICTURE + 1};
  (*at)++;
  if (!word[0] || word[0] == '#' || setup_read(s, word, arg))
    return true;
  if (!strcmp(word, "workspace")) {
    *at = body_read(s, *at, ' ', &step);
    workspace_read(s, &step);
    return true;
  }
  for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
    if (!strcmp(words[i].word, word))
      step.kind = words[i].kind;
  if (step.kind > STEP_PICTURE)
    return wrong(s, step.line, "no such word; README.md lists them");
  const char *dim = step.kind == STEP_PICTURE && strchr(arg, ' ') ? strchr(arg, ' ') + 1 : arg;
  if ((step.kind == STEP_SIZE || step.kind == STEP_PICTURE) && !size_read(dim, &step.w, &step.h))
    return wrong(s, step.line, "a size is WIDTHxHEIGHT");
  if (step.kind == STEP_SIZE && !s->n && !s->w) {
    s->w = step.w;
    s->h = step.h;
    return true;
  }
  if (step.kind == STEP_FAKE || step.kind == STEP_EXPECT || step.kind == STEP_PICTURE)
    *at = body_read(s, *at, step.kind == STEP_FAKE ? ' ' : '|', &step);
  step.arg = copy(arg, strlen(arg));
  s->step = must(realloc(s->step, (s->n + 1) * sizeof *s->step));
  s->step[s->n++] = step;
  return true;
}

static bool text_read(struct sl_buf *b, const char *path)
{
  FILE *f = fopen(path, "rb");
  char piece[4096];
  for (size_t n; f && (n = fread(piece, 1, sizeof piece, f)) > 0;)
    sl_buf_add(b, piece, n);
  return f && !fclose(f);
}

bool script_read(struct script *s, const char *path)
{
  struct sl_buf text;
  *s = (struct script){0};
  snprintf(s->path, sizeof s->path, "%s", path);
  snprintf(s->clock, sizeof s->clock, "2026-11-21T06:00:00Z");
  snprintf(s->glyphs, sizeof s->glyphs, "braille");
  sl_buf_init(&text, 0);
  if (!text_read(&text, path))
    return wrong(s, 0, "cannot be read");
  lines_read(s, &text);
  sl_buf_free(&text);
  for (size_t at = 0; at < s->nlines;)
    if (!line_read(s, &at))
      return false;
  if (!s->w)
    s->w = 80, s->h = 24;
  return true;
}

void script_free(struct script *s)
{
  for (size_t i = 0; i < s->n; i++) {
    free(s->step[i].arg);
    free(s->step[i].body);
  }
  for (size_t i = 0; i < s->nlines; i++)
    free(s->lines[i]);
  free(s->step);
  free(s->lines);
  sl_free(s->workspace);
}

/* ---- writing pictures back ---- */

static void splice(struct script *s, size_t at, size_t drop, const char *rows)
{
  size_t add = 0, i = 0;
  for (const char *p = rows; *p; p++)
    add += *p == '\n';
  char **now = must(malloc((s->nlines - drop + add + 1) * sizeof *now));
  memcpy(now, s->lines, at * sizeof *now);
  for (const char *p = rows; *p; i++) {
    size_t n = strcspn(p, "\n");
    char *line = must(malloc(n + 2));
    line[0] = '|';
    memcpy(line + 1, p, n);
    line[n + 1] = 0;
    now[at + i] = line;
    p += n + 1;
  }
  memcpy(now + at + add, s->lines + at + drop, (s->nlines - at - drop) * sizeof *now);
  for (size_t k = at; k < at + drop; k++)
    free(s->lines[k]);
  free(s->lines);
  s->lines = now;
  s->nlines += add - drop;
}

void script_replace(struct script *s, size_t i, const char *rows)
{
  struct step *step = &s->step[i];
  size_t before = s->nlines;
  splice(s, (size_t)step->body_at, (size_t)step->body_lines, rows);
  int moved = (int)(s->nlines - before);
  step->body_lines += moved;
  for (size_t k = i + 1; k < s->n; k++)
    s->step[k].body_at += moved;
}

void script_append(struct script *s, const char *head, const char *rows)
{
  s->lines = must(realloc(s->lines, (s->nlines + 2) * sizeof *s->lines));
  s->lines[s->nlines++] = copy("", 0);
  s->lines[s->nlines++] = copy(head, strlen(head));
  splice(s, s->nlines, 0, rows);
}

bool script_save(const struct script *s)
{
  FILE *f = fopen(s->path, "wb");
  for (size_t i = 0; f && i < s->nlines; i++)
    fprintf(f, "%s\n", s->lines[i]);
  return f && !fclose(f);
}
