/* backends/local/ask.c: a request handed to the lane `long`, with all that the worker may look at. */
#include "backend_local/local_int.h"

struct sl_ws_conf *local_conf_hold(struct sl_backend *b)
{
  const struct sl_ws_conf *c = sl_backend_ws_conf(b);
  return c ? sl_ws_conf_ref((struct sl_ws_conf *)(uintptr_t)c) : NULL; /* counting changes nothing that it says */
}

int local_ask(struct sl_req *r, const struct sl_feed_ops *ops, struct sl_err *err)
{
  struct sl_backend *b = sl_req_backend(r);
  struct local_ask *a = sl_calloc(1, sizeof *a);
  if (!a)
    return sl_err_nomem(err);
  *a = (struct local_ask){ .s = sl_backend_state(b), .conf = local_conf_hold(b), .q = sl_req_query(r), .call = sl_req_call(r),
                           .uri = sl_req_uri(r), .off = sl_req_off(r), .len = sl_req_len(r), .conn = sl_str(sl_backend_name(b)),
                           .now = sl_loop_wall(sl_backend_loop(b)) };
  int rc = sl_req_work(r, SL_LANE_LONG, ops, a, err);
  if (rc)
    local_ask_free(a);
  return rc;
}

void local_ask_free(void *user)
{
  struct local_ask *a = user;
  if (a->conf)
    sl_ws_conf_unref(a->conf);
  sl_free(a);
}
