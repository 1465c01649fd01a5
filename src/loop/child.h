/* loop/child.h: child processes, and byte streams over descriptors.
 *
 * Always exec with an argv, never a shell; a clean environment (what is given, nothing else); descriptors above 2 closed but those named;
 * its own process group or session, so that killing reaches the grandchildren. */
#ifndef SL_LOOP_CHILD_H
#define SL_LOOP_CHILD_H

#include "base/buf.h"
#include "loop/loop.h"

struct sl_child;
struct sl_child_spec {
  const char *const *argv;              /* argv[0] is a path, or a name looked up in PATH of env */
  const char *const *env;               /* NULL-ended "K=V"; NULL: PATH, HOME, LANG, TZ, TERM only */
  const char *cwd;                      /* NULL: ours */
  struct { int ours, theirs; } fd[8]; size_t nfd;  /* extra descriptors: `ours` becomes number `theirs` in the child */
  bool capture_out, capture_err;        /* through pipes to out(); otherwise /dev/null, or fd[] */
  struct sl_str input;                  /* for its stdin, copied; none: /dev/null */
  bool new_session;                     /* setsid: outlives the console. Otherwise it is killed when we die, however we die */
  int timeout_ms;                       /* 0: none; then TERM, 2 s later KILL, to the group */
};
struct sl_child_ops {
  void (*out)(void *user, int fd /* 1 or 2 */, const void *p, size_t n);
  /* exactly once, after all output; then the child is gone. code: exit code or -1; signum: or 0. maxrss_kb is the kernel's figure, and
   * never less than what we ourselves held when it was forked. */
  void (*exited)(void *user, int code, int signum, int64_t cpu_ms, int64_t maxrss_kb);
};
/* s is for the call. On failure nothing runs and no callback comes. *out is gone when exited() returns. */
int sl_child_start(struct sl_child **out, struct sl_loop *l, const struct sl_child_spec *s, const struct sl_child_ops *ops, void *user,
                   struct sl_err *err) SL_NODISCARD;
int sl_child_pid(const struct sl_child *c);           /* its group's number too */
void sl_child_kill(struct sl_child *c, int signum);   /* the group */
void sl_child_detach(struct sl_child *c);             /* let it live; exited() will not come; c is gone */

/* ---- a stream of framed messages over one socket: u32 little-endian length, u8 kind, payload ---- */
struct sl_frames;
struct sl_frames_ops {
  /* payload is borrowed for the call; the owner may send, pause or close in it */
  void (*frame)(void *user, uint8_t kind, struct sl_str payload);
  void (*closed)(void *user, int rc, const struct sl_err *err);  /* exactly once: peer gone, or a frame over the cap */
};
int sl_frames_open(struct sl_frames **out, struct sl_loop *l, int fd, size_t max_frame, const struct sl_frames_ops *ops, void *user,
                   struct sl_err *err) SL_NODISCARD;  /* takes fd */
/* Queued whole or not at all; ELIMIT over 64 MiB. */
int sl_frames_send(struct sl_frames *f, uint8_t kind, struct sl_str payload, struct sl_err *err) SL_NODISCARD;
void sl_frames_pause(struct sl_frames *f, bool paused);
size_t sl_frames_queued(const struct sl_frames *f);
void sl_frames_close(struct sl_frames *f);            /* closed() does not come */

#endif
