/* Keys, signatures, statements, people: what counts and what does not. OpenSSH's own programs are asked in tests/peers/test_sign.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/hash.h"
#include "base/sshwire.h"
#include "judge/key.h"
#include "judge/sig.h"
#include "judge/statement.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))
/* Made for this test, and used nowhere else. */
static const char key_lead[] =
  "-----BEGIN OPENSSH PRIVATE KEY-----\n"
  "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n"
  "QyNTUxOQAAACCsjaomhVZ05g029mlad10VjhhymCTbxxchmI0lUWoNugAAAIjgSCDC4Egg\n"
  "wgAAAAtzc2gtZWQyNTUxOQAAACCsjaomhVZ05g029mlad10VjhhymCTbxxchmI0lUWoNug\n"
  "AAAECFeIgeR7OIB6uFjLGsRfHg89/akLOqxmvhY0nd+1/0tKyNqiaFVnTmDTb2aVp3XRWO\n"
  "GHKYJNvHFyGYjSVRag26AAAAAWEBAgME\n"
  "-----END OPENSSH PRIVATE KEY-----\n";
static const char key_p256[] =
  "-----BEGIN OPENSSH PRIVATE KEY-----\n"
  "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAaAAAABNlY2RzYS\n"
  "1zaGEyLW5pc3RwMjU2AAAACG5pc3RwMjU2AAAAQQRZRMyOiO7Y7cQnc/XVC3l3GevHyFYJ\n"
  "hMykNj/BB7QGtMOaw3xrEpHMuR9pt3L45zEt1V7GE1gmkei5o3W8QxsgAAAAoGV/eQRlf3\n"
  "kEAAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFlEzI6I7tjtxCdz\n"
  "9dULeXcZ68fIVgmEzKQ2P8EHtAa0w5rDfGsSkcy5H2m3cvjnMS3VXsYTWCaR6LmjdbxDGy\n"
  "AAAAAgXm2wj8D2E+ZCEQWZ+iruULfIzE96/4AtP53dGhBx3MIAAAABZQECAwQFBgc=\n"
  "-----END OPENSSH PRIVATE KEY-----\n";
#define PUB_LEAD "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26"
#define PUB_P256 "ecdsa-sha2-nistp256 " \
  "AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBFlEzI6I7tjtxCdz9dULeXcZ68fIVgmEzKQ2P8" \
  "EHtAa0w5rDfGsSkcy5H2m3cvjnMS3VXsYTWCaR6LmjdbxDGyA="
#define PUB_OTHER "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIoB2ISYY13s0NumaO96gHQUyEa3/onRARDWA1KovVtP"
static const char pub_rsa[] =
  "ssh-rsa "
  "AAAAB3NzaC1yc2EAAAADAQABAAABAQCxpBOI434yGgd20Px85sgo9y6Mzq/4YxxEjw0mkLKtfPwKvEalAPXQwMWJXN0otEoL9k1TwBnrWV3n9A"
  "hLLNIGXdeWksnLW7CeJVJVDQokLemTuCWM+cgYrekFUltmLK352g7yYrk42174JcSjc9ZUOZLrimEIhgkpStauRbbU92kz+LvWWHCNuOcrh6wL"
  "ospRVW6+p+6ezFj7MgsNEFpc6odb6MfiGp5V22XSXJV/pXY7CuAmLPvwlb/9InBjRx2VbMj+wuZGNQgUQ9DbIWS/c5D2EG91l69/+JRqf24uAK"
  "K/mhVlBNXk0bUwWmAalymMUSt2K8aKoCIgSENHWjhL";

static struct sl_key *key(const char *text)
{
  struct sl_key *k = NULL;
  struct sl_err err = { 0 };
  if (sl_key_read(&k, sl_str(text), "key", &err))
    fail_msg("%s", err.msg);
  return k;
}

/* The armoured signature of text by k. */
static void sign(struct sl_buf *out, const struct sl_key *k, struct sl_str text)
{
  struct sl_buf bytes, sig;
  sl_buf_init(&bytes, 0);
  sl_buf_init(&sig, 0);
  assert_int_equal(sl_sig_bytes(&bytes, SL_STATEMENT_NS, text, NULL), SL_OK);
  assert_int_equal(sl_key_sign(k, sl_buf_view(&bytes), &sig, NULL), SL_OK);
  assert_int_equal(sl_sig_write(out, sl_key_public(k), SL_STATEMENT_NS, sl_buf_view(&sig), NULL), SL_OK);
  sl_buf_free(&bytes);
  sl_buf_free(&sig);
}

/* ---- keys ---- */

static void a_key_signs_what_its_public_half_verifies(void **state)
{
  (void)state;
  static const struct { const char *text, *pub; } kinds[] = { { key_lead, PUB_LEAD }, { key_p256, PUB_P256 } };
  for (size_t i = 0; i < N(kinds); i++) {
    struct sl_key *k = key(kinds[i].text);
    struct sl_pubkey pub;
    struct sl_buf sig;
    sl_buf_init(&sig, 0);
    assert_int_equal(sl_pubkey_line(&pub, sl_str(kinds[i].pub), NULL), SL_OK);
    assert_true(sl_pubkey_eq(&pub, sl_key_public(k)));
    assert_int_equal(sl_key_sign(k, SL_STR("data"), &sig, NULL), SL_OK);
    assert_int_equal(sl_key_verify(&pub, SL_STR("data"), sl_buf_view(&sig), NULL), SL_OK);
    assert_int_equal(sl_key_verify(&pub, SL_STR("date"), sl_buf_view(&sig), NULL), SL_EDENIED);
    for (size_t n = 0; n < sig.n; n++) {
      assert_int_not_equal(sl_key_verify(&pub, SL_STR("data"), sl_str_head(sl_buf_view(&sig), n), NULL), SL_OK);
      sig.p[n] ^= 1;
      assert_int_not_equal(sl_key_verify(&pub, SL_STR("data"), sl_buf_view(&sig), NULL), SL_OK);
      sig.p[n] ^= 1;
    }
    sl_buf_free(&sig);
    sl_pubkey_free(&pub);
    sl_key_free(k);
  }
}

/* A key file with any byte altered is refused, or is still the same key: a comment, or the check numbers, differ. */
static void an_altered_key_file_is_refused(void **state)
{
  (void)state;
  char text[sizeof key_lead];
  size_t taken = 0;
  memcpy(text, key_lead, sizeof text);
  for (size_t i = 0; i + 1 < sizeof text; i++) {
    struct sl_key *k = NULL;
    struct sl_err err = { 0 };
    text[i] ^= 1;
    int rc = sl_key_read(&k, sl_str(text), "key", &err);
    if (rc) {
      assert_null(k);
      assert_true(rc == SL_EPARSE || rc == SL_EAUTH);
      assert_true(sl_str_starts(sl_str(err.msg), SL_STR("key")));
    } else {
      struct sl_buf sig;
      sl_buf_init(&sig, 0);
      taken++;
      assert_int_equal(sl_key_sign(k, SL_STR("x"), &sig, NULL), SL_OK);
      sl_buf_free(&sig);
    }
    sl_key_free(k);
    text[i] ^= 1;
  }
  assert_in_range(taken, 0, 4);
}

static void what_is_no_key_is_told(void **state)
{
  (void)state;
  static const char *const bad[] = {
    "", "hello", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n", PUB_LEAD,
  };
  for (size_t i = 0; i < N(bad); i++) {
    struct sl_key *k;
    struct sl_err err = { 0 };
    assert_int_equal(sl_key_read(&k, sl_str(bad[i]), "~/.ssh/k", &err), SL_EPARSE);
    assert_true(sl_str_starts(sl_str(err.msg), SL_STR("~/.ssh/k: no ")));
  }
}

static void sha1_counts_for_nothing(void **state)
{
  (void)state;
  struct sl_pubkey rsa;
  struct sl_buf sig;
  struct sl_err err = { 0 };
  static const char zeros[256];
  sl_buf_init(&sig, 0);
  assert_int_equal(sl_pubkey_line(&rsa, sl_str(pub_rsa), NULL), SL_OK);
  sl_ssh_put_str(&sig, SL_STR("ssh-rsa"));
  sl_ssh_put_str(&sig, sl_strn(zeros, sizeof zeros));
  assert_int_equal(sl_key_verify(&rsa, SL_STR("data"), sl_buf_view(&sig), &err), SL_EPARSE);
  assert_string_equal(err.msg, "signed with SHA-1, which counts for nothing; sign with rsa-sha2-512");
  sl_buf_clear(&sig);
  sl_ssh_put_str(&sig, SL_STR("rsa-sha2-512"));
  sl_ssh_put_str(&sig, sl_strn(zeros, sizeof zeros));
  assert_int_equal(sl_key_verify(&rsa, SL_STR("data"), sl_buf_view(&sig), &err), SL_EDENIED);
  sl_buf_free(&sig);
  sl_pubkey_free(&rsa);
}

/* As a security key signs: sha256(application), flags, counter, sha256(data); made here, since none is at hand. */
static void sk_sign(struct sl_buf *sig, const struct sl_key *k, const char *name, uint8_t flags, struct sl_str data)
{
  struct sl_sha256 app = sl_sha256(SL_STR("ssh:")), what = sl_sha256(data);
  struct sl_buf all, raw;
  sl_buf_init(&all, 0);
  sl_buf_init(&raw, 0);
  sl_buf_add(&all, app.b, 32);
  sl_buf_ch(&all, (char)flags);
  sl_ssh_put_u32(&all, 7);
  sl_buf_add(&all, what.b, 32);
  assert_int_equal(sl_key_sign(k, sl_buf_view(&all), &raw, NULL), SL_OK);
  struct sl_ssh_rd r = sl_ssh_rd(sl_buf_view(&raw));
  (void)sl_ssh_str(&r);
  sl_ssh_put_str(sig, sl_str(name));
  sl_ssh_put_str(sig, sl_ssh_str(&r));
  sl_buf_ch(sig, (char)flags);
  sl_ssh_put_u32(sig, 7);
  sl_buf_free(&all);
  sl_buf_free(&raw);
}

static void security_keys_verify(void **state)
{
  (void)state;
  static const struct { const char *text, *name, *curve; } kinds[] = {
    { key_lead, "sk-ssh-ed25519@openssh.com", NULL }, { key_p256, "sk-ecdsa-sha2-nistp256@openssh.com", "nistp256" },
  };
  for (size_t i = 0; i < N(kinds); i++) {
    struct sl_key *k = key(kinds[i].text);
    struct sl_pubkey pub;
    struct sl_buf blob, sig;
    struct sl_err err = { 0 };
    sl_buf_init(&blob, 0);
    sl_buf_init(&sig, 0);
    sl_ssh_put_str(&blob, sl_str(kinds[i].name));
    if (kinds[i].curve)
      sl_ssh_put_str(&blob, sl_str(kinds[i].curve));
    sl_ssh_put_str(&blob, sl_key_public(k)->point);
    sl_ssh_put_str(&blob, SL_STR("ssh:"));
    assert_int_equal(sl_pubkey_blob(&pub, sl_buf_view(&blob), NULL), SL_OK);
    sk_sign(&sig, k, kinds[i].name, 1, SL_STR("data"));
    assert_int_equal(sl_key_verify(&pub, SL_STR("data"), sl_buf_view(&sig), NULL), SL_OK);
    assert_int_equal(sl_key_verify(&pub, SL_STR("date"), sl_buf_view(&sig), NULL), SL_EDENIED);
    for (size_t n = 0; n < sig.n; n++) {
      sig.p[n] ^= 4;
      assert_int_not_equal(sl_key_verify(&pub, SL_STR("data"), sl_buf_view(&sig), NULL), SL_OK);
      sig.p[n] ^= 4;
    }
    sl_buf_clear(&sig);
    sk_sign(&sig, k, kinds[i].name, 4, SL_STR("data")); /* verified, but not touched */
    assert_int_equal(sl_key_verify(&pub, SL_STR("data"), sl_buf_view(&sig), &err), SL_EDENIED);
    assert_string_equal(err.msg, "signed without a touch of the security key, which counts for nothing");
    sl_buf_free(&blob);
    sl_buf_free(&sig);
    sl_pubkey_free(&pub);
    sl_key_free(k);
  }
}

/* ---- statements ---- */

static const char hex[] = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const sl_ms now = 1795240800000;

static struct sl_statement sample(void)
{
  return (struct sl_statement){
    .registry = SL_STR("https://mlflow.example.org"), .model = SL_STR("care"), .version = SL_STR("3"), .digest = sl_str(hex),
    .to = SL_STR("champion"), .was = SL_STR("2"), .evidence = SL_STR_NONE, .policy = sl_str(hex), .decision = SL_STR("approved"),
    .comment = SL_STR("fine \"now\"\nand here"), .by = SL_STR("lead"), .at = now, .expires = now + 86400000,
  };
}

static const struct sl_expected here = {
  .registry = { "https://mlflow.example.org", 26 }, .model = { "care", 4 }, .version = { "3", 1 }, .now = 1795240800000 + 60000,
};

static const char *const lead_keys[] = { PUB_LEAD " lead@home", NULL };
static const char *const lead_ids[] = { "mlflow:lead", "aws:arn:aws:iam::1:user/lead", NULL };
static const char *const ana_ids[] = { "mlflow:ana", "os:host:ana", NULL };
static const char *const revoked_keys[] = { PUB_P256, NULL };
static const char *const none[] = { NULL };
static const struct sl_member members[] = {
  { .name = "ana", .keys = none, .identities = ana_ids, .revoked = none },
  { .name = "lead", .keys = lead_keys, .identities = lead_ids, .revoked = revoked_keys },
};
static const struct sl_people people = { members, N(members) };

/* The tag of s, signed by k (NULL: not at all). */
static void make_tag(struct sl_buf *tag, const struct sl_statement *s, const struct sl_key *k)
{
  struct sl_buf text, sig;
  sl_buf_init(&text, 0);
  sl_buf_init(&sig, 0);
  assert_int_equal(sl_statement_text(&text, s, NULL), SL_OK);
  if (k)
    sign(&sig, k, sl_buf_view(&text));
  assert_int_equal(sl_statement_tag(tag, sl_buf_view(&text), k ? sl_buf_view(&sig) : SL_STR_NONE, NULL), SL_OK);
  sl_buf_free(&text);
  sl_buf_free(&sig);
}

static enum sl_worth worth(struct sl_str tag, struct sl_verdict *v)
{
  struct sl_signed s;
  assert_int_equal(sl_statement_judge(v, &s, tag, &here, people, NULL), SL_OK);
  sl_statement_free(&s);
  return v->worth;
}

static void a_statement_has_one_form(void **state)
{
  (void)state;
  struct sl_statement s = sample();
  struct sl_buf b;
  char want[800];
  sl_buf_init(&b, 0);
  assert_int_equal(sl_statement_text(&b, &s, NULL), SL_OK);
  snprintf(want, sizeof want,
           "{\"at\":\"2026-11-21T06:00:00.000Z\",\"by\":\"lead\",\"comment\":\"fine \\\"now\\\"\\nand here\",\"decision\":\"approved\","
           "\"digest\":\"%s\",\"evidence\":null,\"expires\":\"2026-11-22T06:00:00.000Z\",\"model\":\"care\",\"policy\":\"%s\","
           "\"registry\":\"https://mlflow.example.org\",\"to\":\"champion\",\"v\":1,\"version\":\"3\",\"was\":\"2\"}", hex, hex);
  assert_string_equal(sl_buf_zstr(&b), want);
  sl_buf_free(&b);
}

static void fields_that_cannot_be_are_refused(void **state)
{
  (void)state;
  for (int i = 0; i < 9; i++) {
    struct sl_statement s = sample();
    struct sl_err err = { 0 };
    struct sl_buf b;
    static const char *const says[] = {
      "`version` is missing", "`comment` holds what is no text", "`comment` holds what is no text", "`digest` is no digest",
      "`digest` is no digest", "`at` is no point in time", "`by` is missing", "`model` holds what is no text",
      "`decision` is none of requested, approved, rejected, rolled-back",
    };
    sl_buf_init(&b, 0);
    switch (i) {
    case 0: s.version = SL_STR(""); break;
    case 1: s.comment = SL_STR("\x1b[2J"); break;
    case 2: s.comment = SL_STR("a\xff"); break;
    case 3: s.digest = SL_STR("abc"); break;
    case 4: s.digest = SL_STR("BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"); break;
    case 5: s.at = 0; break;
    case 6: s.by = SL_STR_NONE; break;
    case 7: s.model = SL_STR("a\nb"); break;
    default: s.decision = SL_STR("maybe");
    }
    assert_int_equal(sl_statement_text(&b, &s, &err), SL_EUSAGE);
    assert_string_equal(err.msg, says[i]);
    sl_buf_free(&b);
  }
}

static void what_was_written_is_read(void **state)
{
  (void)state;
  struct sl_key *k = key(key_lead);
  struct sl_statement s = sample();
  struct sl_signed got;
  struct sl_verdict v;
  struct sl_buf tag;
  sl_buf_init(&tag, 0);
  make_tag(&tag, &s, k);
  assert_int_equal(sl_statement_judge(&v, &got, sl_buf_view(&tag), &here, people, NULL), SL_OK);
  assert_int_equal(v.worth, SL_WORTH_VALID);
  assert_ptr_equal(v.who, &members[1]);
  assert_true(sl_str_starts(sl_str(v.why), SL_STR("signed by lead (SHA256:")));
  assert_true(sl_str_eq(got.s.comment, s.comment));
  assert_true(sl_str_eq(got.s.digest, s.digest));
  assert_null(got.s.evidence.p);
  assert_true(got.s.at == s.at && got.s.expires == s.expires);
  assert_true(sl_str_eqz(got.s.was, "2"));
  sl_statement_free(&got);
  sl_buf_free(&tag);
  sl_key_free(k);
}

/* Every bit of every byte of the statement and of the signature. */
static void no_byte_can_be_altered(void **state)
{
  (void)state;
  struct sl_key *k = key(key_lead);
  struct sl_statement s = sample();
  struct sl_verdict v;
  struct sl_buf tag;
  sl_buf_init(&tag, 0);
  make_tag(&tag, &s, k);
  for (size_t i = 0; i < tag.n; i++)
    for (int bit = 0; bit < 8; bit++) {
      tag.p[i] = (char)(tag.p[i] ^ 1 << bit);
      enum sl_worth w = worth(sl_buf_view(&tag), &v);
      if (w != SL_WORTH_UNREADABLE && w != SL_WORTH_ALTERED)
        fail_msg("byte %zu, bit %d: %d %s", i, bit, (int)w, v.why);
      tag.p[i] = (char)(tag.p[i] ^ 1 << bit);
    }
  assert_int_equal(worth(sl_buf_view(&tag), &v), SL_WORTH_VALID);
  for (size_t n = 0; n < tag.n; n++)
    assert_int_equal(worth(sl_str_head(sl_buf_view(&tag), n), &v), SL_WORTH_UNREADABLE);
  sl_buf_free(&tag);
  sl_key_free(k);
}

static void other_forms_are_refused(void **state)
{
  (void)state;
  struct sl_statement s = sample();
  struct sl_verdict v;
  struct sl_buf tag;
  static const struct { const char *from, *to; } edits[] = {
    { "{\"at\"", "{ \"at\"" }, { "\"evidence\":null", "\"evidence\":null,\"extra\":1" }, { "\"v\":1", "\"v\":1.0" },
    { "\"v\":1", "\"v\":2" }, { "\"v\":1", "\"v\":\"1\"" }, { "\"by\":\"lead\"", "\"by\":\"lead\",\"by\":\"lead\"" },
    { "\"by\":\"lead\"", "\"by\":\"l\\u0065ad\"" },
    { "\"was\":\"2\"", "\"was\":2" }, { "\"was\":\"2\"", "\"was\":null" }, { "06:00:00.000Z\",\"by\"", "06:00:00Z\",\"by\"" },
    { "06:00:00.000Z\",\"by\"", "07:00:00.000+01:00\",\"by\"" }, { ",\"signature\":null}", ",\"signature\":null} " },
    { ",\"signature\":null}", "}" }, { ",\"signature\":null}", ",\"signature\":1}" },
    { ",\"signature\":null", ",\"signature\":null,\"x\":0" },
    { "{\"statement\"", "[{\"statement\"" },
    { "\"to\":\"champion\",", "" },
  };
  sl_buf_init(&tag, 0);
  make_tag(&tag, &s, NULL);
  assert_int_equal(worth(sl_buf_view(&tag), &v), SL_WORTH_UNSIGNED);
  for (size_t i = 0; i < N(edits); i++) {
    struct sl_buf b;
    ptrdiff_t at = sl_str_find(sl_buf_view(&tag), sl_str(edits[i].from));
    sl_buf_init(&b, 0);
    assert_true(at >= 0);
    sl_buf_str(&b, sl_str_head(sl_buf_view(&tag), (size_t)at));
    sl_buf_z(&b, edits[i].to);
    sl_buf_str(&b, sl_str_from(sl_buf_view(&tag), (size_t)at + strlen(edits[i].from)));
    if (worth(sl_buf_view(&b), &v) != SL_WORTH_UNREADABLE)
      fail_msg("taken: %s", sl_buf_zstr(&b));
    if (!strcmp(edits[i].to, "\"v\":2"))
      assert_string_equal(v.why, "a statement of version 2; this program knows 1");
    sl_buf_free(&b);
  }
  sl_buf_free(&tag);
}

static void each_reason_is_told(void **state)
{
  (void)state;
  static const struct { int change; enum sl_worth want; const char *why; } cases[] = {
    { 0, SL_WORTH_UNSIGNED, "not signed: a claim" }, { 1, SL_WORTH_UNKNOWN_KEY, NULL }, { 2, SL_WORTH_REVOKED, NULL },
    { 3, SL_WORTH_OTHER_NAME, "says it is by ana, but lead signed it" },
    { 4, SL_WORTH_ELSEWHERE, "was made for another registry, and copied here" },
    { 5, SL_WORTH_ELSEWHERE, "was made for another version, and copied here" },
    { 6, SL_WORTH_ELSEWHERE, "was made for another version, and copied here" }, { 7, SL_WORTH_EXPIRED, NULL },
    { 8, SL_WORTH_FUTURE, NULL }, { 9, SL_WORTH_VALID, NULL },
    { 10, SL_WORTH_VALID, NULL }, { 11, SL_WORTH_VALID, NULL }, { 12, SL_WORTH_ALTERED, NULL },
  };
  struct sl_key *lead = key(key_lead), *revoked = key(key_p256);
  struct sl_people strangers = { members, 1 };
  for (size_t i = 0; i < N(cases); i++) {
    struct sl_statement s = sample();
    struct sl_signed got;
    struct sl_verdict v;
    struct sl_buf tag;
    sl_buf_init(&tag, 0);
    switch (cases[i].change) {
    case 3: s.by = SL_STR("ana"); break;
    case 4: s.registry = SL_STR("https://other.example.org"); break;
    case 5: s.model = SL_STR("other"); break;
    case 6: s.version = SL_STR("4"); break;
    case 7: s.expires = here.now; break;
    case 8: s.at = here.now + SL_CLOCK_SLACK_MS + 1; break;
    case 9: s.at = here.now + SL_CLOCK_SLACK_MS; break;
    case 10: s.by = SL_STR("mlflow:lead"); break;
    case 11: s.expires = 0; break;
    default: break;
    }
    make_tag(&tag, &s, cases[i].change == 0 ? NULL : cases[i].change == 2 ? revoked : lead);
    if (cases[i].change == 12) { /* another decision under the same signature */
      ptrdiff_t at = sl_str_find(sl_buf_view(&tag), SL_STR("approved"));
      memcpy(tag.p + at, "rejected", 8);
    }
    struct sl_people who = cases[i].change == 1 ? strangers : people;
    assert_int_equal(sl_statement_judge(&v, &got, sl_buf_view(&tag), &here, who, NULL), SL_OK);
    if (v.worth != cases[i].want)
      fail_msg("case %d: %d %s", cases[i].change, (int)v.worth, v.why);
    if (cases[i].why)
      assert_string_equal(v.why, cases[i].why);
    assert_true(sl_str_eqz(got.s.version, cases[i].change == 6 ? "4" : "3")); /* a claim is shown, too */
    sl_statement_free(&got);
    sl_buf_free(&tag);
  }
  sl_key_free(lead);
  sl_key_free(revoked);
}

/* This machine's clock, or the signer's, is a day off: nothing of that counts, and the words have both times. */
static void a_clock_that_is_a_day_off_is_told(void **state)
{
  (void)state;
  static const struct { int64_t off; enum sl_worth want; const char *why; } cases[] = {
    { -86400000, SL_WORTH_FUTURE,
      "was made in the future, at 2026-11-21T06:00Z, and it is 2026-11-20T06:01Z here: a clock is wrong, this one or lead's" },
    { 0, SL_WORTH_VALID, "signed by lead (SHA256:uxaFqSADmpPXYXhwGY5Kml0LcX5Gd8dkDJEQ1H+f+lM)" },
    { 86400000, SL_WORTH_EXPIRED, "has expired at 2026-11-22T06:00Z; it is 2026-11-22T06:01Z here" },
  };
  struct sl_key *lead = key(key_lead);
  for (size_t i = 0; i < N(cases); i++) {
    const struct sl_statement s = sample();
    struct sl_expected then = here;
    struct sl_signed got;
    struct sl_verdict v;
    struct sl_buf tag;
    sl_buf_init(&tag, 0);
    then.now += cases[i].off;
    make_tag(&tag, &s, lead);
    assert_int_equal(sl_statement_judge(&v, &got, sl_buf_view(&tag), &then, people, NULL), SL_OK);
    assert_string_equal(v.why, cases[i].why);
    assert_int_equal(v.worth, cases[i].want);
    sl_statement_free(&got);
    sl_buf_free(&tag);
  }
  sl_key_free(lead);
}

/* ---- people ---- */

/* The workspace file refuses a key that stands twice; whoever makes such a list otherwise finds it revoked. */
static void a_revoked_key_is_revoked_under_every_name(void **state)
{
  (void)state;
  static const char *const lost[] = { PUB_LEAD, NULL }, *const print[] = { "SHA256:uxaFqSADmpPXYXhwGY5Kml0LcX5Gd8dkDJEQ1H+f+lM", NULL };
  const struct sl_member lists[][2] = {
    { { .name = "lead", .keys = lead_keys, .identities = none, .revoked = none },
      { .name = "omar", .keys = none, .identities = none, .revoked = lost } },
    { { .name = "omar", .keys = none, .identities = none, .revoked = print },
      { .name = "lead", .keys = lead_keys, .identities = none, .revoked = none } },
    { { .name = "lead", .keys = lead_keys, .identities = none, .revoked = print },
      { .name = "omar", .keys = none, .identities = none, .revoked = none } },
  };
  struct sl_key *lead = key(key_lead);
  for (size_t i = 0; i < N(lists); i++) {
    const struct sl_statement s = sample();
    struct sl_signed got;
    struct sl_verdict v;
    struct sl_buf tag;
    sl_buf_init(&tag, 0);
    make_tag(&tag, &s, lead);
    assert_int_equal(sl_statement_judge(&v, &got, sl_buf_view(&tag), &here, (struct sl_people){ lists[i], 2 }, NULL), SL_OK);
    assert_int_equal(v.worth, SL_WORTH_REVOKED);
    assert_non_null(strstr(v.why, "that was revoked"));
    sl_statement_free(&got);
    sl_buf_free(&tag);
  }
  sl_key_free(lead);
}

/* Taking the last key away does not open what keys had closed. */
static void only_revoked_keys_are_keys_all_the_same(void **state)
{
  (void)state;
  const struct sl_member gone = { .name = "lead", .keys = none, .identities = none, .revoked = lead_keys };
  assert_true(sl_people_keyed((struct sl_people){ &gone, 1 }));
}

static enum sl_same same(const char *a, enum sl_known ka, const char *b, enum sl_known kb)
{
  struct sl_ident x, y;
  const char *why = NULL;
  assert_true(sl_ident_parse(sl_str(a), ka, &x));
  assert_true(sl_ident_parse(sl_str(b), kb, &y));
  enum sl_same one = sl_ident_same(people, &x, &y, &why), two = sl_ident_same(people, &y, &x, NULL);
  assert_int_equal(one, two);
  assert_true(why && *why);
  return one;
}

static void identities_are_compared_only_where_they_can_be(void **state)
{
  (void)state;
  const enum sl_known A = SL_KNOWN_AUTHENTICATED, C = SL_KNOWN_CLAIMED, O = SL_KNOWN_OS, K = SL_KNOWN_KEY;
  assert_int_equal(same("mlflow:bob", A, "mlflow:bob", A), SL_SAME_YES);
  assert_int_equal(same("mlflow:bob", A, "mlflow:eva", A), SL_SAME_NO);
  assert_int_equal(same("mlflow:bob", A, "aws:bob", A), SL_SAME_UNKNOWN);
  assert_int_equal(same("mlflow:bob", C, "mlflow:bob", A), SL_SAME_UNKNOWN);
  assert_int_equal(same("mlflow:bob", C, "mlflow:eva", C), SL_SAME_UNKNOWN);
  assert_int_equal(same("mlflow:lead", A, "aws:arn:aws:iam::1:user/lead", A), SL_SAME_YES);
  assert_int_equal(same("mlflow:lead", A, "people:lead", K), SL_SAME_YES);
  assert_int_equal(same("mlflow:ana", A, "people:lead", K), SL_SAME_NO);
  assert_int_equal(same("mlflow:ana", A, "aws:arn:aws:iam::1:user/lead", A), SL_SAME_NO);
  assert_int_equal(same("os:host:ana", O, "people:lead", K), SL_SAME_NO);
  assert_int_equal(same("mlflow:bob", A, "people:lead", K), SL_SAME_NO);      /* lead's account there is another */
  assert_int_equal(same("aws:bob", A, "people:ana", K), SL_SAME_UNKNOWN);     /* ana may have one there that nobody wrote down */
  assert_int_equal(same("people:lead", K, "people:lead", K), SL_SAME_YES);
  struct sl_ident nobody = { SL_STR_NONE, SL_STR_NONE, A }, bob;
  assert_true(sl_ident_parse(SL_STR("mlflow:bob"), A, &bob));
  assert_int_equal(sl_ident_same(people, &nobody, &bob, NULL), SL_SAME_UNKNOWN);
  assert_int_equal(sl_ident_same(people, &nobody, &nobody, NULL), SL_SAME_UNKNOWN);
}

static void words_for_how_it_is_known(void **state)
{
  (void)state;
  enum sl_known k;
  struct sl_ident id;
  for (enum sl_known i = SL_KNOWN_CLAIMED; i <= SL_KNOWN_KEY; i++) {
    assert_true(sl_known_parse(sl_str(sl_known_word(i)), &k));
    assert_int_equal(k, i);
  }
  assert_false(sl_known_parse(SL_STR("sure"), &k));
  assert_false(sl_ident_parse(SL_STR("lead"), SL_KNOWN_OS, &id));
  assert_false(sl_ident_parse(SL_STR(":lead"), SL_KNOWN_OS, &id));
  assert_false(sl_ident_parse(SL_STR("mlflow:"), SL_KNOWN_OS, &id));
  assert_true(sl_people_keyed(people));
  assert_false(sl_people_keyed((struct sl_people){ members, 1 }));
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_key_signs_what_its_public_half_verifies),
    cmocka_unit_test(an_altered_key_file_is_refused),
    cmocka_unit_test(what_is_no_key_is_told),
    cmocka_unit_test(sha1_counts_for_nothing),
    cmocka_unit_test(security_keys_verify),
    cmocka_unit_test(a_statement_has_one_form),
    cmocka_unit_test(fields_that_cannot_be_are_refused),
    cmocka_unit_test(what_was_written_is_read),
    cmocka_unit_test(no_byte_can_be_altered),
    cmocka_unit_test(other_forms_are_refused),
    cmocka_unit_test(each_reason_is_told),
    cmocka_unit_test(a_clock_that_is_a_day_off_is_told),
    cmocka_unit_test(a_revoked_key_is_revoked_under_every_name),
    cmocka_unit_test(only_revoked_keys_are_keys_all_the_same),
    cmocka_unit_test(identities_are_compared_only_where_they_can_be),
    cmocka_unit_test(words_for_how_it_is_known),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
