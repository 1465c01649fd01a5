/* Tags that say they are statements: what is read and written again is the same; only what the key signed is ever valid. */
#include "fuzz.h"

#include "base/hash.h"
#include "judge/statement.h"

static const char *const keys[] = { "ssh-ed25519 "
  "AAAAC3NzaC1lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26", NULL };
static const char *const none[] = { NULL };
static const struct sl_member lead = { .name = "lead", .keys = keys, .identities = none, .revoked = none };
/* SHA-256 of the one statement that this key signed in the corpus */
static const char valid[] = "2acd88390ebc858aada9a97d3ca126d9329e3f24d98cb2772fa52142ac010295";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static const struct sl_expected where = {
    .registry = { "https://mlflow.example.org", 26 }, .model = { "care", 4 }, .version = { "3", 1 }, .now = 1795240860000,
  };
  struct sl_str tag = { (const char *)data, size };
  struct sl_signed s;
  struct sl_verdict v;
  struct sl_err err = { 0 };
  FUZZ_CHECK(!sl_statement_judge(&v, &s, tag, &where, (struct sl_people){ &lead, 1 }, &err));
  FUZZ_CHECK(v.why[0]);
  if (v.worth != SL_WORTH_UNREADABLE) {
    struct sl_buf b;
    sl_buf_init(&b, 0);
    FUZZ_CHECK(!sl_statement_tag(&b, s.text, s.signature, &err) && sl_str_eq(sl_buf_view(&b), tag));
    sl_buf_free(&b);
  }
  if (v.worth == SL_WORTH_VALID) {
    char hex[65];
    struct sl_sha256 d = sl_sha256(s.text);
    sl_sha256_hex(&d, hex);
    FUZZ_CHECK(!strcmp(hex, valid));
  }
  sl_statement_free(&s);
  return 0;
}
