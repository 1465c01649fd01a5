/* app/evidence.h: the hidden command that computes evidence, a step of the jobs evidence-MODEL. */
#ifndef SL_APP_EVIDENCE_H
#define SL_APP_EVIDENCE_H

#include "app/app.h"

/* Writes the file of evidence of one kind about MODEL/VERSION; the exit code. a: its out is open. */
int sl_evidence_main(struct sl_app *a, const char *kind, const char *what);

#endif
