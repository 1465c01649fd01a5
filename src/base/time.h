/* base/time.h: points in time as milliseconds since 1970 UTC, their texts, and durations.
 *
 * No libc calendar and no locale: civil dates are computed here; a person's zone is a TZif file read by us (tz_read). */
#ifndef SL_BASE_TIME_H
#define SL_BASE_TIME_H

#include "base/buf.h"

typedef int64_t sl_ms;   /* milliseconds since 1970-01-01T00:00:00Z */

struct sl_civil { int year, month, day, hour, minute, second, ms, wday /* 0 Sunday */; };
struct sl_tz;            /* immutable; NULL is UTC */

sl_ms sl_civil_to_ms(const struct sl_civil *c);                              /* UTC; normalises overflow of fields */
struct sl_civil sl_civil_of(sl_ms t, const struct sl_tz *tz);                /* on tz's clock */
int sl_tz_open(struct sl_tz **out, const char *name, struct sl_err *err);    /* "Europe/Berlin", "UTC", "local" ($TZ, /etc/localtime) */
/* From a TZif file's bytes (RFC 8536 versions 1 to 4, without leap seconds). */
int sl_tz_read(struct sl_tz **out, struct sl_str tzif, struct sl_err *err);
void sl_tz_free(struct sl_tz *tz);
/* Seconds east of UTC at t, and what that is called ("CET"; lives as long as tz). */
int sl_tz_offset_s(const struct sl_tz *tz, sl_ms t);
const char *sl_tz_abbr(const struct sl_tz *tz, sl_ms t);
/* Local time to UTC; what the clock jumped over: the end of the gap; what it shows twice: the first. */
sl_ms sl_tz_to_ms(const struct sl_tz *tz, const struct sl_civil *local);

/* RFC 3339, dates, `2026-11-01 06:00`, `-2h`, `+30m`, `now`, `today`, `yesterday`, `tomorrow` (of tz, as is what names no zone),
 * epoch seconds (with a fraction) from 10^9, ms from 10^11. */
bool sl_time_parse(struct sl_str s, sl_ms now, const struct sl_tz *tz, sl_ms *out);
void sl_time_rfc3339(struct sl_buf *b, sl_ms t);                             /* 2026-11-21T06:00:00.311Z: JSON, CSV, audit */
void sl_time_show(struct sl_buf *b, sl_ms t, sl_ms now,
  const struct sl_tz *tz); /* "18m" and "in 18m" under a day, "11-20 06:00" this year, "2025-11-20" */
void sl_time_clock(struct sl_buf *b, sl_ms t, const struct sl_tz *tz, bool ms);  /* 06:00:00.311 */
void sl_dur_show(struct sl_buf *b, double seconds);                          /* 80ms 0.8s 42s 1m30 18m 2h05 3d */
bool sl_dur_parse(struct sl_str s, double *seconds);                         /* 26h 90s 1d12h 1.5h 500ms 2w; a bare number is refused */

/* strftime's %Y %m %d %H %% over a date in UTC (partition layouts), and back: false where s does not fit the layout or names no date. */
void sl_layout_format(struct sl_buf *b, const char *layout, sl_ms t);
bool sl_layout_parse(const char *layout, struct sl_str s, sl_ms *out);
int64_t sl_layout_step_ms(const char *layout);                               /* a day for %d, an hour for %H, -1 month, -2 year, 0 none */

/* Five-field cron text (lists, ranges, steps, names, @daily...) and the moments strictly after or before t that match, on tz's clock. */
struct sl_cron { uint64_t minute; uint32_t hour, mday, month, wday; bool mday_any, wday_any; };
int sl_cron_parse(struct sl_cron *c, struct sl_str s, struct sl_err *err);         /* EPARSE names the field */
sl_ms sl_cron_next(const struct sl_cron *c, sl_ms after, const struct sl_tz *tz);  /* INT64_MAX: never */
sl_ms sl_cron_prev(const struct sl_cron *c, sl_ms before, const struct sl_tz *tz); /* INT64_MIN: never */

#endif
