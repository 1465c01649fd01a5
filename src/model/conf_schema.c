/* model/conf_schema.c: the JSON Schema of a workspace file, from the same tables that check it, for editors that complete and underline. */
#include "base/json.h"
#include "model/conf_int.h"

#define NAME_PATTERN "^[a-z0-9][a-z0-9_.-]{0,62}$"

struct schema { struct sl_jw w; const struct sl_type_conf *types; size_t ntypes; };

static void key(struct schema *s, const char *name) { sl_jw_key(&s->w, sl_str(name)); }

static void text(struct schema *s, const char *name, const char *value)
{
  key(s, name);
  sl_jw_str(&s->w, sl_str(value));
}

static void part(struct schema *s, const char *table);

static void string_array(struct schema *s, const char *pattern)
{
  text(s, "type", "array");
  key(s, "items");
  sl_jw_obj(&s->w);
  if (pattern) {
    text(s, "type", "string");
    text(s, "pattern", pattern);
  } else {
    key(s, "type");
    sl_jw_raw(&s->w, SL_STR("[\"string\", \"number\", \"boolean\"]"));
  }
  sl_jw_end_obj(&s->w);
}

static void secret(struct schema *s)
{
  sl_jw_key(&s->w, SL_STR("anyOf"));
  sl_jw_raw(&s->w, SL_STR("[{\"type\": \"string\"}, "
    "{\"type\": \"object\", \"additionalProperties\": false, \"minProperties\": 1, \"maxProperties\": 1, \"properties\": "
    "{\"env\": {\"type\": \"string\"}, \"file\": {\"type\": \"string\"}, "
    "\"command\": {\"type\": \"array\", \"items\": {\"type\": \"string\"}, \"minItems\": 1}}}]"));
}

static void names(struct schema *s)
{
  sl_jw_key(&s->w, SL_STR("anyOf"));
  sl_jw_arr(&s->w);
  sl_jw_obj(&s->w);
  text(s, "type", "string");
  text(s, "pattern", NAME_PATTERN);
  sl_jw_end_obj(&s->w);
  sl_jw_obj(&s->w);
  string_array(s, NAME_PATTERN);
  sl_jw_end_obj(&s->w);
  sl_jw_end_arr(&s->w);
}

/* Of true and false, YAML makes booleans. */
static void words(struct schema *s, const char *const *list)
{
  sl_jw_key(&s->w, SL_STR("enum"));
  sl_jw_arr(&s->w);
  for (size_t i = 0; list[i]; i++)
    if (!strcmp(list[i], "true") || !strcmp(list[i], "false"))
      sl_jw_bool(&s->w, list[i][0] == 't');
    else
      sl_jw_str(&s->w, sl_str(list[i]));
  sl_jw_end_arr(&s->w);
}

static void integer(struct schema *s, const struct sl_setting *d)
{
  text(s, "type", "integer");
  if (d->min || d->max) {
    key(s, "minimum");
    sl_jw_i64(&s->w, d->min);
    key(s, "maximum");
    sl_jw_i64(&s->w, d->max);
  }
}

/* What a scalar setting's text must look like; YAML reads some of them as numbers. */
static void scalar(struct schema *s, const struct sl_setting *d)
{
  if (d->type == SL_SET_BYTES || d->type == SL_SET_TEXT) {
    key(s, "type");
    sl_jw_raw(&s->w, SL_STR("[\"string\", \"number\"]"));
    return;
  }
  text(s, "type", "string");
  if (d->type == SL_SET_NAME)
    text(s, "pattern", NAME_PATTERN);
  else if (d->type == SL_SET_DURATION)
    text(s, "pattern", "^([0-9.]+(ms|s|m|h|d|w))+$");
  else if (d->type == SL_SET_URI)
    text(s, "pattern", "^[A-Za-z][A-Za-z0-9+.-]+:");
}

static void setting(struct schema *s, const struct sl_setting *d)
{
  key(s, d->name);
  sl_jw_obj(&s->w);
  text(s, "description", d->help);
  switch (d->type) {
  case SL_SET_BOOL: text(s, "type", "boolean"); break;
  case SL_SET_INT: integer(s, d); break;
  case SL_SET_ENUM: words(s, d->words); break;
  case SL_SET_LIST: string_array(s, NULL); break;
  case SL_SET_NAMES: names(s); break;
  case SL_SET_SECRET: secret(s); break;
  case SL_SET_MAP:
  case SL_SET_MAPS: part(s, d->name); break;
  default: scalar(s, d);
  }
  if (d->dflt && d->type != SL_SET_BOOL)
    text(s, "default", d->dflt);
  sl_jw_end_obj(&s->w);
}

static void required(struct schema *s, const struct conf_table *t, size_t nt, bool type_too)
{
  key(s, "required");
  sl_jw_arr(&s->w);
  for (size_t i = 0; i < nt; i++)
    for (size_t k = 0; k < t[i].n; k++)
      if (t[i].set[k].required && (type_too || t[i].set != conf_common))
        sl_jw_str(&s->w, sl_str(t[i].set[k].name));
  sl_jw_end_arr(&s->w);
}

/* The inside of an object whose keys are a table's settings. */
static void object(struct schema *s, const struct conf_table *t, size_t nt, const char *type)
{
  text(s, "type", "object");
  key(s, "additionalProperties");
  sl_jw_bool(&s->w, false);
  required(s, t, nt, type != NULL);
  key(s, "properties");
  sl_jw_obj(&s->w);
  for (size_t i = 0; i < nt; i++)
    for (size_t k = 0; k < t[i].n; k++) {
      if (t[i].set == conf_common && !k && type) {
        key(s, "type");
        sl_jw_obj(&s->w);
        text(s, "const", type);
        sl_jw_end_obj(&s->w);
        continue;
      }
      setting(s, &t[i].set[k]);
    }
  sl_jw_end_obj(&s->w);
}

static void named(struct schema *s)
{
  text(s, "type", "object");
  key(s, "propertyNames");
  sl_jw_obj(&s->w);
  text(s, "pattern", NAME_PATTERN);
  sl_jw_end_obj(&s->w);
}

static void connections(struct schema *s)
{
  named(s);
  key(s, "properties"); /* what every workspace has: its type need not be said */
  sl_jw_obj(&s->w);
  for (size_t i = 0; i < s->ntypes; i++) {
    const struct conf_table t[] = { { conf_common, conf_ncommon }, { s->types[i].settings, s->types[i].nsettings } };
    if (!s->types[i].implicit)
      continue;
    key(s, s->types[i].type);
    sl_jw_obj(&s->w);
    object(s, t, 2, NULL);
    sl_jw_end_obj(&s->w);
  }
  sl_jw_end_obj(&s->w);
  key(s, "additionalProperties");
  sl_jw_obj(&s->w);
  key(s, "oneOf");
  sl_jw_arr(&s->w);
  for (size_t i = 0; i < s->ntypes; i++) {
    const struct conf_table t[] = { { conf_common, conf_ncommon }, { s->types[i].settings, s->types[i].nsettings } };
    sl_jw_obj(&s->w);
    text(s, "description", s->types[i].help);
    object(s, t, 2, s->types[i].type);
    sl_jw_end_obj(&s->w);
  }
  sl_jw_end_arr(&s->w);
  sl_jw_end_obj(&s->w);
}

/* A map of maps, each by the table. */
static void maps(struct schema *s, const char *table)
{
  const struct conf_table t = conf_table(table);
  named(s);
  key(s, "additionalProperties");
  sl_jw_obj(&s->w);
  object(s, &t, 1, NULL);
  sl_jw_end_obj(&s->w);
}

/* A list of what the table says; with text_too, or of texts. */
static void list_of(struct schema *s, const char *table, bool text_too)
{
  const struct conf_table t = conf_table(table);
  text(s, "type", "array");
  key(s, "items");
  sl_jw_obj(&s->w);
  if (text_too) {
    key(s, "anyOf");
    sl_jw_arr(&s->w);
    sl_jw_raw(&s->w, SL_STR("{\"type\": \"string\"}"));
    sl_jw_obj(&s->w);
  }
  object(s, &t, 1, NULL);
  sl_jw_end_obj(&s->w);
  if (text_too) {
    sl_jw_end_arr(&s->w);
    sl_jw_end_obj(&s->w);
  }
}

/* Models are named by their registry. */
static void models(struct schema *s)
{
  const struct conf_table t = conf_table("model");
  text(s, "type", "object");
  key(s, "additionalProperties");
  sl_jw_obj(&s->w);
  object(s, &t, 1, NULL);
  sl_jw_end_obj(&s->w);
}

static void part(struct schema *s, const char *name)
{
  if (!strcmp(name, "connections")) {
    connections(s);
  } else if (!strcmp(name, "jobs")) {
    maps(s, "job");
  } else if (!strcmp(name, "steps")) {
    maps(s, "step");
  } else if (!strcmp(name, "params")) {
    named(s);
    sl_jw_key(&s->w, SL_STR("additionalProperties"));
    sl_jw_raw(&s->w, SL_STR("{\"type\": [\"string\", \"number\", \"boolean\", \"null\"]}"));
  } else if (!strcmp(name, "models")) {
    models(s);
  } else if (!strcmp(name, "people")) {
    maps(s, "member");
  } else if (!strcmp(name, "zones")) {
    list_of(s, "zone", false);
  } else if (!strcmp(name, "gates")) {
    list_of(s, "gate", true);
  } else {
    const struct conf_table t = conf_table(name);
    object(s, &t, 1, NULL);
  }
}

int sl_conf_schema(struct sl_buf *out, const struct sl_type_conf *types, size_t ntypes, struct sl_err *err)
{
  const struct conf_table t = conf_table("workspace");
  struct schema s = { .w = sl_jw(out, true), .types = types, .ntypes = ntypes };
  sl_jw_obj(&s.w);
  text(&s, "$schema", "https://json-schema.org/draft/2020-12/schema");
  text(&s, "title", "A workspace of Sluice");
  object(&s, &t, 1, NULL);
  sl_jw_end_obj(&s.w);
  sl_buf_ch(out, '\n');
  return sl_buf_check(out, err);
}
