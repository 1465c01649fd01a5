/* base/tz_rule.h: POSIX TZ texts such as "CET-1CEST,M3.5.0,M10.5.0/3": how a zone goes on after its table. Private to tz.c. */
#ifndef SL_BASE_TZ_RULE_H
#define SL_BASE_TZ_RULE_H

#include "base/time.h"

enum { SL_TZ_ABBR = 16 };

struct sl_tz_day { char kind; /* 'M', 'J', 'n' */ int month, week, day; int seconds; /* of local time after midnight, may be negative */ };
struct sl_tz_rule {
  char abbr[2][SL_TZ_ABBR];  /* standard, daylight */
  int offset_s[2];           /* east of Greenwich is positive, unlike in the text */
  bool has_dst;
  struct sl_tz_day start, end;
};

bool sl_tz_rule_parse(struct sl_tz_rule *r, struct sl_str s);   /* RFC 8536 3.3.1; false: no such text, *r is of no use */
/* 0 standard, 1 daylight, at second t since 1970 UTC. */
int sl_tz_rule_at(const struct sl_tz_rule *r, int64_t t);

#endif
