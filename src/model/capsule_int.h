/* model/capsule_int.h: the capsule's form, and what its files share.
 *
 * "SLCAP\0\0\2", then records: u32 length of the body, u8 kind, body, 8 bytes of SHA-256 over kind and body. The last record is CAP_END,
 * which counts the others. All numbers little endian, texts u32 length + bytes. */
#ifndef SL_MODEL_CAPSULE_INT_H
#define SL_MODEL_CAPSULE_INT_H

#include "base/hash.h"
#include "base/mem.h"
#include "model/capsule.h"
#include "model/ws_int.h"

enum {
  CAP_HEAD = 'H',    /* u64 ms at the start, u8 with_data, name of the workspace */
  CAP_CONN = 'C',    /* name, type, u8 has sql, u8 sql's readonly, u8 has bytes, u16 schemes, scheme... */
  CAP_SERVE = 'V',   /* connection, resource, schema, u16 verbs, action's name... */
  CAP_ASK = 'Q',     /* u64 id, connection, key */
  CAP_SCHEMA = 'S',  /* u64 id, u8 did, u64 total, schema */
  CAP_ROWS = 'B',    /* u64 id, encoded batch */
  CAP_DOC = 'D',     /* u64 id, JSON */
  CAP_BYTES = 'Y',   /* u64 id, bytes */
  CAP_SIZE = 'Z',    /* u64 id, u64 size */
  CAP_GONE = 'G',    /* u64 id: bytes that were left out, since they hold what looks like a token, or were too many */
  CAP_DONE = 'X',    /* u64 id, code's name, message, u8 cut, note */
  /* At the end: how each connection stood, and what the views need of the workspace's file. */
  CAP_STATE = 'K',   /* connection, state, identity, u64 expires, u64 latency, error, u16 narrowed, (resource, why)... */
  CAP_WS = 'W',      /* YAML: environment, protected, timezone, zones */
  CAP_END = 'E',     /* u64 records before it, u64 ms */
  CAP_MAX = 64 << 20, CAP_FILE_MAX = 80 << 20, CAP_CONNS = 256, CAP_SERVES = 4096, CAP_ASKS = 100000, CAP_TAIL = 8
};
extern const char cap_magic[8];

/* One piece of an answer, in order; body borrowed from the file. */
struct cap_part { uint8_t kind; struct sl_str body; };
struct cap_ask {
  struct sl_str conn, key;
  bool gone;                         /* bytes of it were left out */
  struct cap_part *part;
  size_t npart, cap;
};
struct cap_serve { struct sl_serve serve; struct sl_schema *schema; struct sl_verb *verb; };
struct cap_conn {
  struct sl_backend_ops ops;         /* first: a connection's ops lead back to it */
  struct sl_capsule *c;
  struct sl_sql_ops sql;
  struct sl_backend_was was;
  bool told;                         /* how it stood */
  const struct sl_serve **serves;
  size_t nserves, cap;
};
struct sl_capsule {
  char *bytes;
  size_t n;
  char *name;
  sl_ms began, ended;
  struct sl_str ws;                  /* YAML; borrowed from the file */
  bool has_ws;
  struct sl_ws_conf *conf;
  struct cap_conn **conn;
  const struct sl_backend_ops **ops;
  size_t nconn, cap_conn, cap_ops;
  struct cap_serve **serve;
  size_t nserve, cap_serve;
  struct cap_ask *ask;
  size_t nask, cap_ask;
  struct sl_map by_key;              /* connection, NUL, key -> the latest ask */
  struct sl_arena arena;
};

/* Which resource a name is; tests have resources of their own. */
extern const struct sl_resource *(*cap_resource)(struct sl_str name);

/* What makes two requests equal; redacted, so that the same on both sides. EUNSUP: such a request is not recorded. */
int cap_key(struct sl_buf *out, const struct sl_req *r);

/* capsule_mask.c: what may enter */
struct cap_mask { bool with_data; unsigned char secret[32]; };
/* Appends b encoded, secret cells null, personal ones by cap_hash() unless with_data, texts redacted. */
int cap_mask_rows(const struct cap_mask *m, struct sl_batch *b, struct sl_buf *out, struct sl_err *err) SL_NODISCARD;
bool cap_mask_doc_ok(const struct cap_mask *m, const struct sl_schema *s);      /* false: a column of s may not be seen */
void cap_redact(struct sl_buf *out, struct sl_str s);                           /* *** where it is too long to look through */
bool cap_clean(struct sl_str s);                                                /* no token in it */
/* "~" and twelve digits: equal texts stay equal within one capsule, and nothing else can be told. */
void cap_hash(const struct cap_mask *m, struct sl_str s, struct sl_buf *out);

/* capsule_ws.c: the workspace itself */
void cap_ws_write(struct sl_buf *b, const struct sl_ws_conf *c);                /* c NULL: there is none */
int cap_ws_read(struct sl_capsule *c, struct sl_err *err) SL_NODISCARD;         /* c->ws into c->conf; all connections are known */
void cap_state_write(struct sl_buf *b, const struct cap_mask *m, const struct sl_backend *k);
/* Behind the connection's name. EPARSE, ENOMEM without words. */
int cap_state_read(struct sl_capsule *c, struct cap_conn *k, struct sl_rd *d);

/* capsule_play.c: the slots of connections that are made from a recording */
void cap_play_conn(struct cap_conn *k, bool sql, unsigned readonly, bool bytes);
void cap_play_serve(struct cap_serve *s);

#endif
