/* tests/screen/script.h: a screen script as steps, and as the lines that it was read from, so that pictures can be written back. See
 * README.md for the language. */
#ifndef SL_TESTS_SCREEN_SCRIPT_H
#define SL_TESTS_SCREEN_SCRIPT_H

#include "base/buf.h"

enum step_kind { STEP_OPEN, STEP_RUN, STEP_KEYS, STEP_PASTE, STEP_SIZE, STEP_WAIT, STEP_FAKE, STEP_EXPECT, STEP_PICTURE };
struct step {
  enum step_kind kind;
  int line;                      /* of the script, from 1 */
  char *arg;                     /* what stands behind the word */
  char **body; size_t nbody;     /* rows of a table or a picture, without their two leading characters */
  int body_at, body_lines;       /* lines of the script that a picture takes, from 0 */
  int w, h;                      /* SIZE, PICTURE */
};
struct script {
  char path[500], error[700];
  int w, h;
  char clock[64], glyphs[16], gallery[256];
  char *workspace;               /* YAML, NULL: none */
  char **lines; size_t nlines;
  struct step *step; size_t n;
};
/* False: s->error says why, with file and line. */
bool script_read(struct script *s, const char *path);
void script_free(struct script *s);
/* New rows for the picture of step i; rows end with LF. Written by script_save(). */
void script_replace(struct script *s, size_t i, const char *rows);
/* A gallery's picture that is missing. */
void script_append(struct script *s, const char *head, const char *rows);
bool script_save(const struct script *s);
/* The next word of *rest: plain, or "quoted" with \" \\ \n \xHH; false at the end. *quoted tells them apart. */
bool script_word(const char **rest, struct sl_buf *out, bool *quoted);

#endif
