/* base/tz.c: time zones from TZif files (RFC 8536, versions 1 to 4), read by us because libc keeps one zone a process and no errors.
 *
 * A file is data from outside: every count is checked against the size, transitions must ascend, what is left over is refused. A zone is
 * immutable after opening, so any thread may ask it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/tz_rule.h"

enum { TZ_FILE_MAX = 256 << 10, TZ_TIMES_MAX = 8192 };
#define TZ_DIR "/usr/share/zoneinfo"

struct tz_type { int32_t offset_s; uint8_t abbr; };
struct sl_tz {
  size_t n;               /* transitions, ascending seconds since 1970 UTC */
  int64_t *at;
  uint8_t *type_of;
  struct tz_type type[256];
  char abbr[257];         /* NUL-ended names, one after the other */
  bool has_rule;
  struct sl_tz_rule rule; /* what holds after the last transition */
};

/* ---- reading ---- */

struct tz_in { const unsigned char *p; size_t n; bool bad; };
struct tz_head { int version; size_t isut, isstd, leap, time, type, chars; };

static const unsigned char *take(struct tz_in *in, size_t n)
{
  if (in->bad || n > in->n) {
    in->bad = true;
    return NULL;
  }
  const unsigned char *p = in->p;
  in->p += n;
  in->n -= n;
  return p;
}

static uint64_t take_be(struct tz_in *in, size_t bytes)
{
  const unsigned char *p = take(in, bytes);
  uint64_t v = 0;
  for (size_t i = 0; p && i < bytes; i++)
    v = v << 8 | p[i];
  return v;
}

static bool take_head(struct tz_in *in, struct tz_head *h)
{
  const unsigned char *magic = take(in, 20);
  if (!magic || memcmp(magic, "TZif", 4) || (magic[4] && (magic[4] < '2' || magic[4] > '4')))
    return false;
  h->version = magic[4] ? magic[4] - '0' : 1;
  h->isut = take_be(in, 4);
  h->isstd = take_be(in, 4);
  h->leap = take_be(in, 4);
  h->time = take_be(in, 4);
  h->type = take_be(in, 4);
  h->chars = take_be(in, 4);
  return !in->bad && h->type >= 1 && h->type <= 256 && h->chars >= 1 && h->chars <= 256 && h->time <= TZ_TIMES_MAX && h->leap <= 1024 &&
    (!h->isut || h->isut == h->type) && (!h->isstd || h->isstd == h->type);
}

static size_t body_size(const struct tz_head *h, size_t word)
{
  return h->time * (word + 1) + h->type * 6 + h->chars + h->leap * (word + 4) + h->isstd + h->isut;
}

static bool read_types(struct sl_tz *tz, struct tz_in *in, const struct tz_head *h)
{
  for (size_t i = 0; i < h->type; i++) {
    int32_t offset = (int32_t)(uint32_t)take_be(in, 4);
    uint64_t dst = take_be(in, 1), abbr = take_be(in, 1);
    if (in->bad || offset < -89999 || offset > 93599 || dst > 1 || abbr >= h->chars)
      return false;
    tz->type[i] = (struct tz_type){offset, (uint8_t)abbr};
  }
  const unsigned char *names = take(in, h->chars);
  if (!names || names[h->chars - 1])
    return false;
  memcpy(tz->abbr, names, h->chars);
  return true;
}

static int read_body(struct sl_tz *tz, struct tz_in *in, const struct tz_head *h, size_t word, struct sl_err *err)
{
  if (h->leap)
    return sl_err_set(err, SL_EUNSUP, "the zone counts leap seconds (a right/ zone); name the zone without them");
  tz->n = h->time;
  tz->at = sl_calloc(h->time + 1, sizeof *tz->at);
  tz->type_of = sl_calloc(h->time + 1, 1);
  if (!tz->at || !tz->type_of)
    return sl_err_nomem(err);
  for (size_t i = 0; i < h->time; i++) {
    uint64_t v = take_be(in, word);
    tz->at[i] = word == 4 ? (int64_t)(int32_t)(uint32_t)v : (int64_t)v;
    if (i && tz->at[i] <= tz->at[i - 1])
      return sl_err_set(err, SL_EPARSE, "not a time zone file: transition %zu does not ascend", i);
  }
  for (size_t i = 0; i < h->time; i++) {
    uint64_t v = take_be(in, 1);
    if (v >= h->type)
      return sl_err_set(err, SL_EPARSE, "not a time zone file: transition %zu names type %d of %zu", i, (int)v, h->type);
    tz->type_of[i] = (uint8_t)v;
  }
  if (!read_types(tz, in, h) || !take(in, h->isstd + h->isut))
    return sl_err_set(err, SL_EPARSE, "not a time zone file: its types are broken");
  return SL_OK;
}

/* "\nTZ\n": empty means that nobody knows. */
static bool read_footer(struct sl_tz *tz, const struct tz_in *in)
{
  struct sl_str s = {(const char *)in->p, in->n};
  if (s.n < 2 || s.p[0] != '\n' || s.p[s.n - 1] != '\n')
    return false;
  s = sl_strn(s.p + 1, s.n - 2);
  tz->has_rule = s.n > 0;
  return !s.n || sl_tz_rule_parse(&tz->rule, s);
}

static int read_file(struct sl_tz *tz, struct sl_str bytes, struct sl_err *err)
{
  struct tz_in in = {(const unsigned char *)bytes.p, bytes.n, false};
  struct tz_head h;
  if (!take_head(&in, &h))
    return sl_err_set(err, SL_EPARSE, "not a time zone file: its head is broken");
  if (h.version == 1) {
    int rc = read_body(tz, &in, &h, 4, err);
    return rc || !in.n ? rc : sl_err_set(err, SL_EPARSE, "not a time zone file: %zu bytes too many", in.n);
  }
  int version = h.version;
  if (!take(&in, body_size(&h, 4)) || !take_head(&in, &h) || h.version != version)
    return sl_err_set(err, SL_EPARSE, "not a time zone file: its second head is broken");
  int rc = read_body(tz, &in, &h, 8, err);
  if (rc)
    return rc;
  return read_footer(tz, &in) ? SL_OK : sl_err_set(err, SL_EPARSE, "not a time zone file: its footer is broken");
}

int sl_tz_read(struct sl_tz **out, struct sl_str bytes, struct sl_err *err)
{
  struct sl_tz *tz = sl_calloc(1, sizeof *tz);
  *out = NULL;
  if (!tz)
    return sl_err_nomem(err);
  int rc = read_file(tz, bytes, err);
  if (rc)
    sl_tz_free(tz);
  else
    *out = tz;
  return rc;
}

void sl_tz_free(struct sl_tz *tz)
{
  if (!tz)
    return;
  sl_free(tz->at);
  sl_free(tz->type_of);
  sl_free(tz);
}

/* ---- opening ---- */

static int open_path(struct sl_tz **out, const char *path, struct sl_err *err)
{
  struct sl_buf b;
  sl_buf_init(&b, TZ_FILE_MAX);
  int rc = sl_file_read(&b, path, TZ_FILE_MAX, err);
  if (!rc) {
    rc = sl_tz_read(out, sl_buf_view(&b), err);
    if (rc)
      sl_err_prefix(err, "%s", path);
  }
  sl_buf_free(&b);
  return rc;
}

/* Area/City: letters, digits, + - _ in parts that do not begin with a dot; never out of the folder. */
static bool name_ok(const char *name)
{
  size_t n = strlen(name);
  if (!n || n > 64 || name[0] == '/' || name[n - 1] == '/')
    return false;
  for (const char *p = name; *p; p++)
    if (!((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') || strchr("+-_/", *p)))
      return false;
  return !strstr(name, "//");
}

static int open_named(struct sl_tz **out, const char *name, struct sl_err *err)
{
  char path[sizeof TZ_DIR + 80];
  if (!name_ok(name))
    return sl_err_set(err, SL_ENOENT, "unknown time zone \"%.60s\": name one below " TZ_DIR ", such as Europe/Berlin", name);
  snprintf(path, sizeof path, TZ_DIR "/%s", name);
  int rc = sl_file_exists(path) ? open_path(out, path, err) : SL_ENOENT;
  if (rc == SL_ENOENT)
    sl_err_set(err, rc, "unknown time zone \"%.60s\": name one below " TZ_DIR ", such as Europe/Berlin", name);
  return rc;
}

static int open_rule(struct sl_tz **out, const struct sl_tz_rule *rule, struct sl_err *err)
{
  struct sl_tz *tz = sl_calloc(1, sizeof *tz);
  if (!tz)
    return sl_err_nomem(err);
  tz->has_rule = true;
  tz->rule = *rule;
  *out = tz;
  return SL_OK;
}

/* $TZ as libc reads it: [:]name, an absolute path, or a rule; unset: /etc/localtime; nothing there: UTC. */
static int open_local(struct sl_tz **out, struct sl_err *err)
{
  const char *name = getenv("TZ");
  struct sl_tz_rule rule;
  if (!name)
    return sl_file_exists("/etc/localtime") ? open_path(out, "/etc/localtime", err) : SL_OK;
  if (name[0] == ':')
    name++;
  if (!name[0] || !strcmp(name, "UTC"))
    return SL_OK;
  if (name[0] == '/')
    return open_path(out, name, err);
  int rc = open_named(out, name, err);
  if (rc != SL_ENOENT || !sl_tz_rule_parse(&rule, sl_str(name)))
    return rc;
  sl_err_clear(err);
  return open_rule(out, &rule, err);
}

int sl_tz_open(struct sl_tz **out, const char *name, struct sl_err *err)
{
  *out = NULL;
  if (!strcmp(name, "UTC"))
    return SL_OK;
  return strcmp(name, "local") ? open_named(out, name, err) : open_local(out, err);
}

/* ---- asking ---- */

static const int64_t seconds_max = INT64_C(8800000000000000); /* as far as the calendar goes */

struct tz_now { int offset_s; const char *abbr; };

static struct tz_now now_at(const struct sl_tz *tz, sl_ms t)
{
  if (!tz)
    return (struct tz_now){0, "UTC"};
  int64_t s = t / 1000 - (t % 1000 < 0);
  s = s > seconds_max ? seconds_max : s < -seconds_max ? -seconds_max : s;
  if (tz->has_rule && (!tz->n || s >= tz->at[tz->n - 1])) {
    int dst = sl_tz_rule_at(&tz->rule, s);
    return (struct tz_now){tz->rule.offset_s[dst], tz->rule.abbr[dst]};
  }
  size_t lo = 0, hi = tz->n; /* the first transition after s */
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (tz->at[mid] <= s)
      lo = mid + 1;
    else
      hi = mid;
  }
  const struct tz_type *type = &tz->type[lo ? tz->type_of[lo - 1] : 0]; /* before the first: type 0 (RFC 8536 3.2) */
  return (struct tz_now){type->offset_s, tz->abbr + type->abbr};
}

int sl_tz_offset_s(const struct sl_tz *tz, sl_ms t)
{
  return now_at(tz, t).offset_s;
}

const char *sl_tz_abbr(const struct sl_tz *tz, sl_ms t)
{
  return now_at(tz, t).abbr;
}

static bool shows(const struct sl_tz *tz, sl_ms t, int offset_s)
{
  return sl_tz_offset_s(tz, t) == offset_s;
}

/* Offsets a day before and after are all that can hold at a local time, as zones do not change twice in two days. */
sl_ms sl_tz_to_ms(const struct sl_tz *tz, const struct sl_civil *local)
{
  sl_ms l = sl_civil_to_ms(local);
  if (!tz)
    return l;
  int before = sl_tz_offset_s(tz, l - 86400000), after = sl_tz_offset_s(tz, l + 86400000);
  sl_ms a = l - (sl_ms)before * 1000, b = l - (sl_ms)after * 1000;
  bool a_ok = shows(tz, a, before), b_ok = shows(tz, b, after);
  if (a_ok && b_ok)
    return a < b ? a : b; /* twice on the clock: the first */
  if (a_ok || b_ok)
    return a_ok ? a : b;
  sl_ms lo = (a < b ? a : b) - 1, hi = a < b ? b : a; /* never on the clock: the moment at which it jumped past l */
  while (hi - lo > 1) {
    sl_ms mid = lo + (hi - lo) / 2;
    if (mid + (sl_ms)sl_tz_offset_s(tz, mid) * 1000 >= l)
      hi = mid;
    else
      lo = mid;
  }
  return hi;
}
