/* base/sshwire.h: SSH's own encoding (RFC 4251 section 5), in which its keys, signatures and the agent's messages are written: big endian
 * numbers, and texts with their length before them. Reading is sticky, as in buf.h: read on, ask `bad` once. */
#ifndef SL_BASE_SSHWIRE_H
#define SL_BASE_SSHWIRE_H

#include "base/buf.h"

struct sl_ssh_rd { struct sl_str left; bool bad; };
/* Borrows s. Beyond the end: bad, and 0. */
struct sl_ssh_rd sl_ssh_rd(struct sl_str s);
uint8_t sl_ssh_u8(struct sl_ssh_rd *r);
uint32_t sl_ssh_u32(struct sl_ssh_rd *r);
struct sl_str sl_ssh_str(struct sl_ssh_rd *r);           /* borrowed from what is read; none when bad */
/* A positive whole number: its bytes, the highest first, without zeros in front. Bad where it is negative, zero or not written as shortly
 * as it can be: one number has one form. */
struct sl_str sl_ssh_mpint(struct sl_ssh_rd *r);
bool sl_ssh_end(const struct sl_ssh_rd *r);              /* all was read, and all was well */

/* The same written; failure sticks in b. */
void sl_ssh_put_u32(struct sl_buf *b, uint32_t v);
void sl_ssh_put_str(struct sl_buf *b, struct sl_str s);
void sl_ssh_put_mpint(struct sl_buf *b, struct sl_str bytes); /* the highest first; zeros in front are dropped */

#endif
