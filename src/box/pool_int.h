/* box/pool_int.h: boxes and jobs as the files of the outer half know them; private to this folder. */
#ifndef SL_BOX_POOL_INT_H
#define SL_BOX_POOL_INT_H

#include "box/box.h"
#include "box/wire.h"
#include "loop/child.h"

enum box_state { BOX_STARTING, BOX_IDLE, BOX_BUSY, BOX_ENDING };

struct box {
  struct box *next;
  struct sl_box_pool *pool;
  struct sl_child *child;
  struct sl_frames *frames;
  struct sl_box_job *job;      /* while starting and busy; NULL: nobody waits for it any more */
  enum box_state state;
  char *kind, *dir;            /* dir: its scratch folder */
  bool private_roots;          /* made for one job's reads: not used again */
  bool exited;
  sl_timer timer;              /* start, sign of life, idle */
  int64_t alive;               /* when it last spoke */
  bool paused;
  char said[512];              /* the last it wrote to stderr: words of a library before abort() */
  size_t nsaid;
};

struct job_input { char *name; struct sl_schema *schema; bool ended; };
struct sl_box_job {
  struct sl_box_job *next;     /* waiting */
  struct sl_box_pool *pool;
  struct sl_box_ops ops;
  void *user;
  struct box *box;             /* NULL: waits */
  char *kind, *out;
  struct sl_buf text;
  struct wire_list reads;      /* copies */
  struct job_input *inputs;
  size_t ninputs;
  uint64_t limit;
  struct sl_schema *schema;    /* of the rows that come */
  bool head, calling, gone;    /* calling: inside a callback; gone: cancelled in it, freed behind it */
};

struct sl_box_pool {
  struct sl_loop *loop;
  char *exe, *dir;
  struct wire_list libs, roots;
  struct sl_box_limits limits;
  unsigned max, nboxes, serial;
  struct box *boxes;
  struct sl_box_job *waiting, **waiting_tail;
  bool closing;
  sl_timer kick;               /* starts what waits, outside the callers' frames */
};

/* job.c */
void job_free(struct sl_box_job *j);
/* done() and gone. e NULL: fine. */
void job_end(struct sl_box_job *j, int rc, const struct sl_err *e, const char *file, uint64_t rows);
int job_send(struct sl_box_job *j, struct sl_err *err) SL_NODISCARD;   /* the work, to its box */
/* A frame from the box, but for the end of the job; EPROTO and others: the box is not to be trusted any more. */
int job_frame(struct sl_box_job *j, uint8_t kind, struct sl_str payload, struct sl_err *err) SL_NODISCARD;

/* box_run.c */
int box_open(struct box **out, struct sl_box_pool *p, struct sl_box_job *j, struct sl_err *err) SL_NODISCARD;
void box_give(struct box *b, struct sl_box_job *j);
/* Kills it; what its job is told, if anything. */
void box_kill(struct box *b, int rc, const struct sl_err *e);
void box_free(struct box *b);
void box_wait(struct box *b);                    /* until the killed process is gone and can write no more; not for long */

/* pool.c */
bool pool_kick(struct sl_box_pool *p);           /* look for work soon; false: no memory for that */
void pool_forget(struct box *b);                 /* out of the list */

#endif
