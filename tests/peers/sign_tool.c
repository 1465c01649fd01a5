/* sign_tool: what src/judge signs and verifies, from the command line, so that a test can show it to ssh-keygen and ssh-agent.
 *
 *   sign KEYFILE            signs standard input as a statement is signed
 *   agent-sign PUBFILE      the same with that key of the agent at SSH_AUTH_SOCK
 *   agent-list              fingerprints of the agent's keys
 *   public KEYFILE          its public half
 *   verify SIGFILE          of standard input: the signer's fingerprint, or why not (exit 1)
 *   statement KEYFILE       a tag with a signed statement
 *   judge WORKSPACE         of a tag on standard input, as found on care/3: its worth and why */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "judge/agent.h"
#include "judge/key.h"
#include "judge/sig.h"
#include "judge/statement.h"

static const char registry[] = "https://mlflow.example.org";

static int fail(const struct sl_err *err)
{
  fprintf(stderr, "%s: %s\n", sl_code_name(err->code), err->msg);
  return 1;
}

static void all_input(struct sl_buf *b)
{
  char piece[4096];
  for (ssize_t n; (n = read(0, piece, sizeof piece)) > 0;)
    sl_buf_add(b, piece, (size_t)n);
}

static int print(const struct sl_buf *b)
{
  return fwrite(b->p ? b->p : "", 1, b->n, stdout) == b->n ? 0 : 1;
}

static int sign_with(struct sl_buf *out, const char *file, struct sl_str message, struct sl_err *err)
{
  struct sl_key *k = NULL;
  struct sl_buf bytes, sig;
  sl_buf_init(&bytes, 0);
  sl_buf_init(&sig, 0);
  int rc = sl_key_load(&k, file, err);
  if (!rc)
    rc = sl_sig_bytes(&bytes, SL_STATEMENT_NS, message, err);
  if (!rc)
    rc = sl_key_sign(k, sl_buf_view(&bytes), &sig, err);
  if (!rc)
    rc = sl_sig_write(out, sl_key_public(k), SL_STATEMENT_NS, sl_buf_view(&sig), err);
  sl_key_free(k);
  sl_buf_free(&bytes);
  sl_buf_free(&sig);
  return rc;
}

static int do_sign(const char *file, struct sl_buf *in, struct sl_buf *out, struct sl_err *err)
{
  int rc = sign_with(out, file, sl_buf_view(in), err);
  return rc ? rc : print(out);
}

static int do_agent_sign(const char *file, struct sl_buf *in, struct sl_buf *out, struct sl_err *err)
{
  struct sl_pubkey k = { .kind = SL_KEY_NONE };
  struct sl_agent *a = NULL;
  struct sl_buf line, bytes, sig;
  sl_buf_init(&line, 0);
  sl_buf_init(&bytes, 0);
  sl_buf_init(&sig, 0);
  int rc = sl_file_read(&line, file, SL_PUBKEY_LINE, err);
  if (!rc)
    rc = sl_pubkey_line(&k, sl_buf_view(&line), err);
  if (!rc)
    rc = sl_agent_open(&a, getenv("SSH_AUTH_SOCK"), NULL, err);
  if (!rc)
    rc = sl_sig_bytes(&bytes, SL_STATEMENT_NS, sl_buf_view(in), err);
  if (!rc)
    rc = sl_agent_sign(a, &k, sl_buf_view(&bytes), &sig, err);
  if (!rc)
    rc = sl_sig_write(out, &k, SL_STATEMENT_NS, sl_buf_view(&sig), err);
  sl_agent_close(a);
  sl_pubkey_free(&k);
  sl_buf_free(&line);
  sl_buf_free(&bytes);
  sl_buf_free(&sig);
  return rc ? rc : print(out);
}

static int do_agent_list(const char *file, struct sl_buf *in, struct sl_buf *out, struct sl_err *err)
{
  struct sl_agent *a = NULL;
  struct sl_agent_keys keys = { NULL, 0 };
  (void)file;
  (void)in;
  int rc = sl_agent_open(&a, getenv("SSH_AUTH_SOCK"), NULL, err);
  if (!rc)
    rc = sl_agent_list(a, &keys, err);
  for (size_t i = 0; !rc && i < keys.n; i++) {
    char text[SL_FINGERPRINT];
    sl_pubkey_fingerprint(&keys.v[i], text);
    sl_buf_printf(out, "%s\n", text);
  }
  sl_agent_keys_free(&keys);
  sl_agent_close(a);
  return rc ? rc : print(out);
}

static int do_public(const char *file, struct sl_buf *in, struct sl_buf *out, struct sl_err *err)
{
  struct sl_key *k = NULL;
  (void)in;
  int rc = sl_key_load(&k, file, err);
  if (!rc) {
    sl_pubkey_text(out, sl_key_public(k));
    sl_buf_ch(out, '\n');
  }
  sl_key_free(k);
  return rc ? rc : print(out);
}

static int do_verify(const char *file, struct sl_buf *in, struct sl_buf *out, struct sl_err *err)
{
  struct sl_sig s = { .own = NULL };
  struct sl_buf text;
  sl_buf_init(&text, 0);
  int rc = sl_file_read(&text, file, 1 << 16, err);
  if (!rc)
    rc = sl_sig_read(&s, sl_buf_view(&text), err);
  if (!rc)
    rc = sl_sig_verify(&s, SL_STATEMENT_NS, sl_buf_view(in), err);
  if (!rc) {
    char words[SL_FINGERPRINT];
    sl_pubkey_fingerprint(&s.key, words);
    sl_buf_printf(out, "%s\n", words);
  }
  sl_sig_free(&s);
  sl_buf_free(&text);
  return rc ? rc : print(out);
}

static int do_statement(const char *file, struct sl_buf *in, struct sl_buf *out, struct sl_err *err)
{
  const struct sl_statement s = {
    .registry = sl_str(registry), .model = SL_STR("care"), .version = SL_STR("3"), .to = SL_STR("champion"), .was = SL_STR("2"),
    .digest = SL_STR_NONE, .evidence = SL_STR_NONE, .policy = SL_STR_NONE, .decision = SL_STR("approved"),
    .comment = SL_STR("holds on the hold-out, gr\xc3\xbc\xc3\x9f""e"), .by = SL_STR("lead"), .at = 1795240800000,
  };
  struct sl_buf text, sig;
  (void)in;
  sl_buf_init(&text, 0);
  sl_buf_init(&sig, 0);
  int rc = sl_statement_text(&text, &s, err);
  if (!rc)
    rc = sign_with(&sig, file, sl_buf_view(&text), err);
  if (!rc)
    rc = sl_statement_tag(out, sl_buf_view(&text), sl_buf_view(&sig), err);
  sl_buf_free(&text);
  sl_buf_free(&sig);
  return rc ? rc : print(out);
}

static int do_judge(const char *file, struct sl_buf *in, struct sl_buf *out, struct sl_err *err)
{
  struct sl_ws_conf *c = NULL;
  struct sl_verdict v;
  struct sl_signed s = { .text = SL_STR_NONE };
  const struct sl_expected where = {
    .registry = sl_str(registry), .model = SL_STR("care"), .version = SL_STR("3"), .now = 1795240800000 + 60000,
  };
  int rc = sl_ws_conf_load(&c, file, NULL, 0, err);
  if (!rc)
    rc = sl_statement_judge(&v, &s, sl_buf_view(in), &where, sl_people(c), err);
  if (!rc)
    sl_buf_printf(out, "%d %s\n", (int)v.worth, v.why);
  sl_statement_free(&s);
  sl_ws_conf_unref(c);
  return rc ? rc : print(out);
}

int main(int argc, char **argv)
{
  static const struct {
    const char *name;
    bool input;
    int (*fn)(const char *, struct sl_buf *, struct sl_buf *, struct sl_err *);
  } verbs[] = {
    { "sign", true, do_sign }, { "agent-sign", true, do_agent_sign }, { "agent-list", false, do_agent_list },
    { "public", false, do_public }, { "verify", true, do_verify }, { "statement", false, do_statement }, { "judge", true, do_judge },
  };
  struct sl_buf in, out;
  struct sl_err err = { 0 };
  int rc = -1;
  sl_buf_init(&in, 0);
  sl_buf_init(&out, 0);
  for (size_t i = 0; i < sizeof verbs / sizeof verbs[0] && argc >= 2; i++)
    if (!strcmp(verbs[i].name, argv[1])) {
      if (verbs[i].input)
        all_input(&in);
      rc = verbs[i].fn(argc > 2 ? argv[2] : "", &in, &out, &err);
    }
  sl_buf_free(&in);
  sl_buf_free(&out);
  return rc < 0 ? fail(&err) : rc;
}
