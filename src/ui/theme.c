/* ui/theme.c: themes from YAML. Ours is `roles: {bad: red bold, cursor: on 236}`; base16 (base00..base0F) is mapped by its own
 * convention. */
#include "ui/theme.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/fmt.h"
#include "base/mem.h"
#include "base/yaml.h"

static const char *const color_names[16] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white", "bright-black",
  "bright-red", "bright-green", "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan", "bright-white"};

static bool color_parse(struct sl_str s, int32_t *out)
{
  if (sl_str_eqz(s, "default"))
    return *out = -1, true;
  for (int i = 0; i < 16; i++)
    if (sl_str_eqz(s, color_names[i]))
      return *out = i, true;
  unsigned char rgb[3];
  if (s.n == 7 && s.p[0] == '#' && sl_parse_hex(sl_str_from(s, 1), rgb, 3))
    return *out = 0x1000000 | rgb[0] << 16 | rgb[1] << 8 | rgb[2], true;
  int64_t n;
  return sl_str_i64(s, &n) && n >= 0 && n <= 255 ? (*out = (int32_t)n, true) : false;
}

static bool attr_parse(struct sl_str s, uint8_t *attr)
{
  static const struct { const char *name; uint8_t bit; } attrs[] = {
    {"bold", SL_ATTR_BOLD}, {"dim", SL_ATTR_DIM}, {"underline", SL_ATTR_UNDERLINE}, {"reverse", SL_ATTR_REVERSE}};
  for (size_t i = 0; i < 4; i++)
    if (sl_str_eqz(s, attrs[i].name))
      return *attr |= attrs[i].bit, true;
  return false;
}

/* "red on default bold" */
static bool look_parse(struct sl_str s, struct sl_look *out)
{
  struct sl_look l = {-1, -1, 0};
  struct sl_str word;
  bool bg = false;
  while (sl_str_cut(&s, ' ', &word)) {
    if (!word.n || attr_parse(word, &l.attr))
      continue;
    if (sl_str_eqz(word, "on"))
      bg = true;
    else if (!color_parse(word, bg ? &l.bg : &l.fg))
      return false;
  }
  *out = l;
  return true;
}

static uint8_t mono_attr(const char *letters)
{
  uint8_t a = 0;
  for (; *letters; letters++)
    a |= (uint8_t)(*letters == 'b' ? SL_ATTR_BOLD : *letters == 'd' ? SL_ATTR_DIM : *letters == 'u' ? SL_ATTR_UNDERLINE : SL_ATTR_REVERSE);
  return a;
}

void sl_theme_mono(struct sl_theme *out)
{
  *out = (struct sl_theme){ .name = "mono" };
  for (int i = 0; i < SL_ROLE_N; i++)
    out->look[i] = (struct sl_look){ -1, -1, mono_attr(sl_role_mono((enum sl_role)i)) };
}

static int roles_read(struct sl_theme *t, const struct sl_yaml *y, const struct sl_yaml_node *map, struct sl_err *err)
{
  const char *names[SL_ROLE_N];
  for (int i = 0; i < SL_ROLE_N; i++)
    names[i] = sl_role_name((enum sl_role)i);
  for (size_t k = 0; k < map->n; k++) {
    int role = -1;
    for (int i = 0; i < SL_ROLE_N; i++)
      if (sl_str_eqz(map->keys[k]->text, names[i]))
        role = i;
    if (role < 0) {
      const char *near = sl_str_nearest(map->keys[k]->text, names, SL_ROLE_N);
      return sl_yaml_fail(y, map->keys[k], err, "no role `%.*s`%s%s", SL_ARG(map->keys[k]->text), near ? "; did you mean " : "", near
          ? near : "");
    }
    if (map->items[k]->kind != SL_YAML_SCALAR || !look_parse(map->items[k]->text, &t->look[role]))
      return sl_yaml_fail(y, map->items[k], err,
          "a look is: COLOUR [on COLOUR] [bold] [dim] [underline] [reverse]; COLOUR: default, a name, 0-255, #rrggbb");
  }
  return SL_OK;
}

/* base16: 00 background, 02 selection, 03 comments, 05 foreground, 08 red, 09 orange, 0A yellow, 0B green, 0C cyan, 0D blue, 0E magenta. */
static void base16_apply(struct sl_theme *t, const int32_t c[16])
{
  static const struct { enum sl_role role; int8_t fg, bg; uint8_t attr; } map[] = {
    {SL_ROLE_text, 5, -1, 0}, {SL_ROLE_dim, 4, -1, 0}, {SL_ROLE_bright, 6, -1, SL_ATTR_BOLD}, {SL_ROLE_header, 6, 2, 0},
    {SL_ROLE_prod, 0, 8, SL_ATTR_BOLD}, {SL_ROLE_crumb, 13, -1, SL_ATTR_BOLD}, {SL_ROLE_colhead, 13, -1, SL_ATTR_UNDERLINE},
    {SL_ROLE_cursor, 7, 2, 0}, {SL_ROLE_mark, 14, -1, SL_ATTR_BOLD}, {SL_ROLE_key, 13, -1, SL_ATTR_BOLD}, {SL_ROLE_hint, 4, -1, 0},
    {SL_ROLE_truth, 4, -1, 0}, {SL_ROLE_border, 3, -1, 0}, {SL_ROLE_input, 6, -1, SL_ATTR_UNDERLINE}, {SL_ROLE_match, 0, 10, 0},
    {SL_ROLE_escape, 0, 9, 0}, {SL_ROLE_link, 12, -1, 0}, {SL_ROLE_ok, 11, -1, 0}, {SL_ROLE_bad, 8, -1, SL_ATTR_BOLD},
    {SL_ROLE_warn, 10, -1, 0}, {SL_ROLE_wait, 13, -1, 0}, {SL_ROLE_run, 12, -1, 0}, {SL_ROLE_unknown, 14, -1, 0}, {SL_ROLE_struck, 3, -1,
        0},
    {SL_ROLE_armed, 0, 9, SL_ATTR_BOLD}, {SL_ROLE_s1, 13, -1, 0}, {SL_ROLE_s2, 9, -1, 0}, {SL_ROLE_s3, 11, -1, 0}, {SL_ROLE_s4, 14, -1, 0},
    {SL_ROLE_s5, 12, -1, 0}, {SL_ROLE_s6, 10, -1, 0}};
  for (size_t i = 0; i < sizeof map / sizeof map[0]; i++) {
    /* many schemes have pale comments and reds: what must be read is made readable, hue kept */
    int32_t bg = map[i].bg < 0 ? -1 : c[map[i].bg];
    double ratio = map[i].role == SL_ROLE_border ? 1 : 4.5;
    t->look[map[i].role] = (struct sl_look){ sl_color_lift(c[map[i].fg], bg < 0 ? c[0] : bg, ratio), bg, map[i].attr };
  }
}

static int base16_read(struct sl_theme *t, const struct sl_yaml *y, const struct sl_yaml_node *map, struct sl_err *err)
{
  int32_t c[16];
  for (int i = 0; i < 16; i++) {
    char key[8], text[9];
    snprintf(key, sizeof key, "base%02X", (unsigned)i);
    const struct sl_yaml_node *n = sl_yaml_get(map, key);
    if (!n)
      return sl_yaml_fail(y, map, err, "a base16 palette needs base00 to base0F; %s is missing", key);
    struct sl_str s = n->text.n && n->text.p[0] == '#' ? sl_str_from(n->text, 1) : n->text;
    snprintf(text, sizeof text, "#%.*s", s.n == 6 ? 6 : 0, s.n == 6 ? s.p : "");
    if (n->kind != SL_YAML_SCALAR || !color_parse(sl_str(text), &c[i]))
      return sl_yaml_fail(y, n, err, "%s is no colour; it is written \"rrggbb\"", key);
  }
  base16_apply(t, c);
  return SL_OK;
}

static int theme_read(struct sl_theme *out, const struct sl_yaml *y, struct sl_err *err)
{
  const struct sl_yaml_node *root = sl_yaml_root(y);
  if (!root || root->kind != SL_YAML_MAP)
    return sl_err_set(err, SL_ECONFIG, "%s: a theme has `roles:` (ours) or `palette:` (base16)", sl_yaml_file(y));
  struct sl_theme t;
  sl_theme_mono(&t);
  for (int i = 0; i < SL_ROLE_N; i++) /* what a theme does not mention keeps its attributes */
    t.look[i].attr = i == SL_ROLE_text ? 0 : t.look[i].attr;
  const struct sl_yaml_node *name = sl_yaml_get(root, "name"), *variant = sl_yaml_get(root, "variant");
  if (name && name->kind == SL_YAML_SCALAR)
    snprintf(t.name, sizeof t.name, "%.*s", SL_ARG(name->text));
  t.light = variant && sl_str_eqz(variant->text, "light");
  const struct sl_yaml_node *roles = sl_yaml_get(root, "roles"), *palette = sl_yaml_get(root, "palette");
  if (!palette && sl_yaml_get(root, "base00"))
    palette = root;
  int rc = palette ? base16_read(&t, y, palette, err) : SL_OK;
  if (!rc && roles && roles->kind == SL_YAML_MAP)
    rc = roles_read(&t, y, roles, err);
  else if (!rc && !palette)
    rc = sl_yaml_fail(y, root, err, "a theme has `roles:` (ours) or `palette:` (base16)");
  if (!rc)
    *out = t;
  return rc;
}

int sl_theme_parse(struct sl_theme *out, struct sl_str yaml, const char *file, struct sl_err *err)
{
  struct sl_yaml *y = NULL;
  int rc = sl_yaml_parse(&y, yaml, file, err);
  if (!rc)
    rc = theme_read(out, y, err);
  sl_yaml_free(y);
  return rc;
}

int sl_theme_load(struct sl_theme *out, const char *path, struct sl_err *err)
{
  struct sl_yaml *y = NULL;
  int rc = sl_yaml_load(&y, path, err);
  if (!rc)
    rc = theme_read(out, y, err);
  sl_yaml_free(y);
  return rc;
}

static bool name_plain(const char *name)
{
  return name[0] && name[0] != '.' && !strchr(name, '/') && strlen(name) < 64;
}

int sl_theme_find(struct sl_theme *out, const char *name, const char *dir, struct sl_err *err)
{
  if (!strcmp(name, "mono"))
    return sl_theme_mono(out), SL_OK;
  if (strchr(name, '/'))
    return sl_theme_load(out, name, err);
  if (!name_plain(name))
    return sl_err_set(err, SL_ECONFIG, "theme `%s`: a theme is a name or a path", name);
  char *own = sl_xdg_path(SL_XDG_DATA, "themes"), *path = NULL;
  const char *dirs[2] = {own, dir};
  int rc = SL_ENOENT;
  for (int i = 0; i < 2 && rc == SL_ENOENT; i++) {
    path = dirs[i] ? sl_asprintf("%s/%s.yaml", dirs[i], name) : NULL;
    if (path && sl_file_exists(path))
      rc = sl_theme_load(out, path, err);
    sl_free(path);
  }
  sl_free(own);
  return rc == SL_ENOENT ? sl_err_set(err, SL_ENOENT, "no theme `%s` in %s; `sluice info` names the folders", name, dir ? dir
      : "the data folder") : rc;
}
