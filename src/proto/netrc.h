/* proto/netrc.h: ~/.netrc, where people keep logins for hosts. */
#ifndef SL_PROTO_NETRC_H
#define SL_PROTO_NETRC_H

#include "base/str.h"

/* Login and password for host, borrowed from text; false: it has none. text may hold anything. */
bool sl_netrc_find(struct sl_str text, struct sl_str host, struct sl_str *login, struct sl_str *password);

#endif
