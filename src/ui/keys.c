/* ui/keys.c: the live key table. Defaults come from const tables; the person's file replaces single bindings; a collision is an error that
 * names both. */
#include "ui/keys.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/yaml.h"

enum { MAX_KEYS = 6, MAX_ENTRIES = 2000 };

struct entry { const char *where; const struct sl_bind *bind; int key[MAX_KEYS]; int n; };
struct sl_keymap { struct entry *entry; size_t n, cap; };

/* Which commands mean the same everywhere. Order is the order of help. */
const struct sl_bind sl_global_binds[] = {
  {"palette", ":", "command palette: resources, views, commands, workspaces"},
  {"help", "? F1", "what can be done here, from the live key table"},
  {"down", "j Down", "next row"}, {"up", "k Up", "previous row"},
  {"first", "g Home", "first row"}, {"last", "G End", "last row"},
  {"page-down", "PgDn Ctrl-F", "next page"}, {"page-up", "PgUp Ctrl-U", "previous page"},
  {"left", "h Left", "column or part to the left"}, {"right", "l Right", "column or part to the right"},
  {"enter", "Enter", "open"}, {"back", "Esc", "back; leaves a prompt, ends a filter"}, {"quit", "q", "back; on the first view: quit"},
  {"next-pane", "Tab", "next pane"}, {"prev-pane", "BackTab", "previous pane"},
  {"filter", "/", "filter the rows; the line of truth says where it runs"},
  {"find", "f", "find text"}, {"find-next", "n", "next match"}, {"find-prev", "N", "previous match"},
  {"mark", "Space", "mark the row; actions then take all marked rows"}, {"unmark-all", "U", "forget the marks"},
  {"sort", "s", "sort by the column under the cursor; again: the other way"}, {"columns", "c", "choose columns"},
  {"copy", "y", "copy the row's id (OSC 52)"}, {"copy-command", "Y", "copy the command line that shows this"},
  {"export", "e", "export these rows to a file (csv, json, ndjson by the ending)"},
  {"watch", "w", "pause or go on refreshing"}, {"refresh", "r", "ask again now"},
  {"actions", "a", "what can be done to this row or the marked ones"}, {"describe", "d", "everything known about this row"},
  {"follow-link", "x", "jump to what this row leads to"}, {"arm", "!", "arm for five minutes, or disarm"},
  {"utc", "Z", "times in UTC or in your zone"}, {"redraw", "Ctrl-L", "paint everything again"}, {"suspend", "Ctrl-Z", "suspend"},
  {"interrupt", "Ctrl-C", "stop what is being asked; twice: quit"},
};
const size_t sl_global_nbinds = sizeof sl_global_binds / sizeof sl_global_binds[0];

int sl_keymap_open(struct sl_keymap **out, struct sl_err *err)
{
  *out = sl_calloc(1, sizeof **out);
  return *out ? SL_OK : sl_err_nomem(err);
}

void sl_keymap_free(struct sl_keymap *m)
{
  if (!m)
    return;
  sl_free(m->entry);
  sl_free(m);
}

static struct entry *entry_find(const struct sl_keymap *m, const char *where, const char *command)
{
  for (size_t i = 0; i < m->n; i++)
    if (!strcmp(m->entry[i].where, where) && !strcmp(m->entry[i].bind->command, command))
      return &m->entry[i];
  return NULL;
}

static const struct entry *entry_by_key(const struct sl_keymap *m, const char *where, int key)
{
  for (size_t i = 0; i < m->n; i++)
    for (int k = 0; k < m->entry[i].n && !strcmp(m->entry[i].where, where); k++)
      if (m->entry[i].key[k] == key)
        return &m->entry[i];
  return NULL;
}

static int keys_parse(struct sl_str text, int *key, int *n, struct sl_err *err)
{
  struct sl_str word;
  *n = 0;
  while (sl_str_cut(&text, ' ', &word)) {
    if (!word.n)
      continue;
    if (*n == MAX_KEYS || !sl_key_parse(word, &key[*n]))
      return sl_err_set(err, SL_ECONFIG, "`%.*s` is no key; write x, Ctrl-X, Alt-x, F5, Enter, Space, PgDn... at most %d", SL_ARG(word),
          MAX_KEYS);
    if (key[*n] == 1 || key[*n] == 2)
      return sl_err_set(err, SL_ECONFIG, "Ctrl-A and Ctrl-B belong to screen and tmux; choose another key");
    (*n)++;
  }
  return SL_OK;
}

static const struct entry *entry_anywhere(const struct sl_keymap *m, int key)
{
  for (size_t i = 0; i < m->n; i++)
    for (int k = 0; k < m->entry[i].n; k++)
      if (m->entry[i].key[k] == key)
        return &m->entry[i];
  return NULL;
}

/* A view's key may not shadow a global one, and no two commands of one place may share a key. */
static int collision(const struct sl_keymap *m, const char *where, int key, const char *command, struct sl_err *err)
{
  bool global = !strcmp(where, "global");
  const struct entry *e = global ? entry_anywhere(m, key) : entry_by_key(m, where, key);
  if (!e && !global)
    e = entry_by_key(m, "global", key);
  if (!e || !strcmp(e->bind->command, command))
    return SL_OK;
  struct sl_buf b;
  sl_buf_init(&b, 64);
  sl_key_name(key, &b);
  sl_err_set(err, SL_ECONFIG, "key %s of %s.%s is %s.%s already", sl_buf_zstr(&b), where, command, e->where, e->bind->command);
  sl_buf_free(&b);
  return SL_ECONFIG;
}

int sl_keymap_add(struct sl_keymap *m, const char *where, const struct sl_bind *binds, size_t n, struct sl_err *err)
{
  for (size_t i = 0; i < n; i++) {
    struct entry e = {.where = where, .bind = &binds[i]};
    int rc = keys_parse(sl_str(binds[i].keys), e.key, &e.n, err);
    for (int k = 0; k < e.n && !rc; k++)
      rc = collision(m, where, e.key[k], binds[i].command, err);
    if (!rc && entry_find(m, where, binds[i].command))
      rc = sl_err_set(err, SL_ECONFIG, "command %s.%s is bound twice", where, binds[i].command);
    if (!rc)
      rc = sl_grow((void **)&m->entry, &m->cap, m->n + 1, sizeof *m->entry, MAX_ENTRIES, err);
    if (rc)
      return rc;
    m->entry[m->n++] = e;
  }
  return SL_OK;
}

static int rebind(struct sl_keymap *m, const struct sl_yaml *doc, const char *where, const struct sl_yaml_node *key,
    const struct sl_yaml_node *val,
                  struct sl_err *err)
{
  char command[64];
  snprintf(command, sizeof command, "%.*s", SL_ARG(key->text));
  struct entry *e = entry_find(m, where, command);
  if (!e)
    return sl_yaml_fail(doc, key, err, "`%s` has no command `%s`; `sluice get keys` lists them", where, command);
  struct sl_err why = {0};
  int keys[MAX_KEYS], n = 0;
  if (val->kind != SL_YAML_SCALAR || keys_parse(val->text, keys, &n, &why))
    return sl_yaml_fail(doc, val, err, "%s", why.msg[0] ? why.msg : "keys are one text: \"x Ctrl-X\"");
  e->n = 0;
  for (int k = 0; k < n; k++) {
    if (collision(m, where, keys[k], command, &why))
      return sl_yaml_fail(doc, val, err, "%s", why.msg);
    e->key[e->n++] = keys[k];
  }
  return SL_OK;
}

/* Rebinding may swap two keys, so all named commands lose theirs first. */
int sl_keymap_person(struct sl_keymap *m, const struct sl_yaml *doc, const struct sl_yaml_node *keys, struct sl_err *err)
{
  if (!keys || keys->kind != SL_YAML_MAP)
    return keys ? sl_yaml_fail(doc, keys, err, "keys: is a map of views") : SL_OK;
  for (int pass = 0; pass < 2; pass++)
    for (size_t i = 0; i < keys->n; i++) {
      char where[64];
      snprintf(where, sizeof where, "%.*s", SL_ARG(keys->keys[i]->text));
      const struct sl_yaml_node *map = keys->items[i];
      if (map->kind != SL_YAML_MAP)
        return sl_yaml_fail(doc, map, err, "keys: %s: is a map of commands", where);
      for (size_t k = 0; k < map->n; k++) {
        char command[64];
        snprintf(command, sizeof command, "%.*s", SL_ARG(map->keys[k]->text));
        struct entry *e = entry_find(m, where, command);
        if (!pass && e)
          e->n = 0;
        int rc = pass ? rebind(m, doc, where, map->keys[k], map->items[k], err) : SL_OK;
        if (rc)
          return rc;
      }
    }
  return SL_OK;
}

const char *sl_keymap_find(const struct sl_keymap *m, const char *where, int key)
{
  const struct entry *e = where ? entry_by_key(m, where, key) : NULL;
  if (!e)
    e = entry_by_key(m, "global", key);
  return e ? e->bind->command : NULL;
}

static void keys_text(const struct entry *e, struct sl_buf *out)
{
  for (int k = 0; k < e->n; k++) {
    if (k)
      sl_buf_z(out, ", ");
    sl_key_name(e->key[k], out);
  }
}

void sl_keymap_keys(const struct sl_keymap *m, const char *where, const char *command, struct sl_buf *out)
{
  const struct entry *e = where ? entry_find(m, where, command) : NULL;
  if (!e)
    e = entry_find(m, "global", command);
  if (e)
    keys_text(e, out);
}

size_t sl_keymap_rows(const struct sl_keymap *m) { return m->n; }

bool sl_keymap_row(const struct sl_keymap *m, size_t i, struct sl_keyrow *out, struct sl_buf *scratch)
{
  if (i >= m->n)
    return false;
  const struct entry *e = &m->entry[i];
  sl_buf_clear(scratch);
  keys_text(e, scratch);
  *out = (struct sl_keyrow){ e->where, e->bind->command, e->bind->help, sl_buf_view(scratch) };
  return true;
}

/* ---- moving ---- */

bool sl_move_by(const char *command, uint64_t page, int64_t *by)
{
  const int64_t far = INT64_MAX / 4, leaf = page < 1 ? 1 : page > INT32_MAX ? INT32_MAX : (int64_t)page;
  const struct { const char *name; int64_t by; } moves[] = { { "down", 1 }, { "up", -1 }, { "page-down", leaf }, { "page-up", -leaf },
                                                             { "first", -far }, { "last", far } };
  for (size_t i = 0; i < sizeof moves / sizeof moves[0]; i++)
    if (!strcmp(command, moves[i].name))
      return *by = moves[i].by, true;
  return false;
}

uint64_t sl_move_to(uint64_t at, uint64_t n, int64_t by)
{
  uint64_t last = n ? n - 1 : 0;
  if (by < 0)
    return at > (uint64_t)-by ? at - (uint64_t)-by < last ? at - (uint64_t)-by : last : 0;
  return at < last && (uint64_t)by < last - at ? at + (uint64_t)by : last;
}

uint64_t sl_move_over(uint64_t at, uint64_t n, int64_t by, bool (*stands)(const void *user, uint64_t i), const void *user)
{
  for (uint64_t next = at; by && next < n;) {
    next = by < 0 ? next - 1 : next + 1; /* before the first: beyond n, too */
    if (next >= n || !stands(user, next))
      continue;
    at = next;
    by += by < 0 ? 1 : -1;
  }
  return at < n ? at : n ? n - 1 : 0;
}
