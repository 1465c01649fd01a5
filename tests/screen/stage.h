/* tests/screen/stage.h: the backend behind screen tests. A script says what each resource answers; every connection that it names is a
 * backend type of its own (implicit, so that no workspace file is needed), and all are this one. */
#ifndef SL_TESTS_SCREEN_STAGE_H
#define SL_TESTS_SCREEN_STAGE_H

#include "model/backend.h"
#include "script.h"

/* `fake RESOURCE [conn=NAME] [scope=S] [state=...] [error=CODE] [note=...] [total=N]` and its table: later ones replace what has the same
 * resource, connection and scope. False: why says what is wrong. */
bool stage_fake(const struct step *s, sl_ms now, char *why, size_t n);
/* Every resource of these names (blank-separated) answers as if `state=` had been said; NULL: as the script says. */
void stage_override(const char *resources, const char *state);
void stage_reset(void);
int stage_quiet(void);   /* requests that will never be answered: whoever waits for them waits for ever */
/* NULL-ended, for sl_ws_opts. Resources and connections of later steps must be known by now: give it the whole script first. */
const struct sl_backend_ops *const *stage_backends(void);

#endif
