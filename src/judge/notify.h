/* judge/notify.h: telling others of a decision: one line to a Slack-compatible webhook, after the decision stands.
 *
 * Nothing that happens here changes or holds up a decision. The webhook's address is a secret: it is revealed to the request alone. The
 * outcome goes into the audit; where it failed, the person is told in a line. The message may come twice where an answer was lost. */
#ifndef SL_JUDGE_NOTIFY_H
#define SL_JUDGE_NOTIFY_H

#include "model/ws.h"

enum sl_news { SL_NEWS_REQUESTED, SL_NEWS_APPROVED, SL_NEWS_COUNTED /* more must agree */, SL_NEWS_REJECTED, SL_NEWS_ROLLED_BACK };
/* Texts are borrowed. version: that was decided about, or that the alias went back to. was: "" nothing. */
struct sl_notice {
  enum sl_news news;
  bool glass;                           /* by break-glass */
  struct sl_str conn, model, to, was, by, comment;
  int64_t version;
  const char *token;                    /* of the action */
};
/* Slack's text: what comes from outside stands in code spans, without backticks and controls, and & < > are escaped: so nothing in it
 * becomes a link, a mention or another line. */
void sl_notice_text(struct sl_buf *out, const struct sl_notice *n);
/* To the webhook of m; none: nothing. */
void sl_notify(struct sl_ws *w, const struct sl_model_conf *m, const struct sl_notice *n);

#endif
