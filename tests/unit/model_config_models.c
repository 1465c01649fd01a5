/* `models:` and `people:` of the workspace file: each kind of mistake in its line, what a right file means, and what the policy's digest is
 * made of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "model_conf_types.h"

#define KEY_A "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26"
#define PRINT_A "SHA256:uxaFqSADmpPXYXhwGY5Kml0LcX5Gd8dkDJEQ1H+f+lM"
#define KEY_B "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIoB2ISYY13s0NumaO96gHQUyEa3/onRARDWA1KovVtP"
#define PRINT_B "SHA256:Bpurir4IhsqXaThVo92V4awjlpvgVo1KS9sJDEuQVC0"
#define KEY_WEAK \
  "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDi4R+JgOTlZMFt2qU6cUVUKW7Pce8HD6bIm4KdTZsoA5mJ/d7FXoU7zGbFTf06tJua/oLFzM" \
  "i4nnr9s9b/b05DylyviFdG3/RHHXWFHkk6jK0/jOp/f2yw/VNVak27oFYcxXEcZbKwfbqoQmlvzft6KQIJV2KmckKULIn4b5/bkw== w"
#define KEY_CERT \
  "ssh-ed25519-cert-v01@openssh.com AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAICEpXUlkCC76I+SuI7RUolH0i" \
  "Ak6D3HwSaN5aGZQobwHAAAAIIoB2ISYY13s0NumaO96gHQUyEa3/onRARDWA1KovVtPAAAAAAAAAAAAAAABAAAAAmlkAAAABQAAAAF4AAAAAAA" \
  "AAAD//////////wAAAAAAAACCAAAAFXBlcm1pdC1YMTEtZm9yd2FyZGluZwAAAAAAAAAXcGVybWl0LWFnZW50LWZvcndhcmRpbmcAAAAAAAAAF" \
  "nBlcm1pdC1wb3J0LWZvcndhcmRpbmcAAAAAAAAACnBlcm1pdC1wdHkAAAAAAAAADnBlcm1pdC11c2VyLXJjAAAAAAAAAAAAAAAzAAAAC3NzaC1" \
  "lZDI1NTE5AAAAIKyNqiaFVnTmDTb2aVp3XRWOGHKYJNvHFyGYjSVRag26AAAAUwAAAAtzc2gtZWQyNTUxOQAAAEDlDltWrn5Zu/nuxilcUD8MU" \
  "xeKFjOI5ghtMA5S2Y9h8HLBA84TRttpCaeu4k4Nldzl9Qs2ovPIIbaAeUu3rloN b"
#define KEY_DSA \
  "ssh-dss AAAAB3NzaC1kc3MAAACBAMk8hNoczIOW38jYkFVR38raFYim8zzKhh9YHs6wlz21l8GEEa6zdPKk+OcOU+3jZ7Gt0H3krmOfXER0yj" \
  "qJzeWveLbWF7tMV71MZPyXgo+A98qNBlSL4Sx5xofuqoxscgdBZQvxPwrn+zf3gZYNtht8QOCNg4hXtdqyYCpuDYI9AAAAFQCI4MfpHxEjATqj" \
  "aKcPHu2T9idkeQAAAIEAjjglIu/GVnZ/6Iu7UJp8bNMvue4YyMQUjPyLtdNRr3CW2S0KYBEFx9jZTY3hOKz+KLEU1/NtuGxD/7J103SqZ1jWPn" \
  "7z0+Sn2tgTcimPU2vnIdvONvvuKGPa0bpp2abN2CLzS78J6TJmeXBwNSZSIlI8QOZz2aDeERuC+BD3IRkAAACAB+XZ6sfSYx+v3jb5xFxCpxFd" \
  "UpPGyHT5e/P5a1g5YpVI4KDUe2QuLSmn4MvcCZJiH3VJcLJrdn51q/r7RsS2gYDKt2/f1qkdEQS129Xk/CSS4XhS3pWOQmAnMmfsaJE4tuaLio" \
  "4maNAOOU+xXdNwUYdebOGHfUmX/PZ5y0lJpsc= root@vm"

struct bad { const char *text, *says; };   /* says: after "w.yaml:" */
static const struct bad bads[] = {
  { "models: [a]\n", "1:9: `models` must be a map, such as readmission: {gates: [\"metrics.val_auc >= 0.85\"]}, not a list" },
  { "models:\n  m: yes\n", "2:6: model `m` must be a map of settings; write {gates: [\"metrics.auc >= 0.8\"]}" },
  { "models:\n  a/b: {}\n", "2:3: `a/b` is no name of a model: it may hold no / : @ nor controls (255 bytes at most)" },
  { "models:\n  \"\": {}\n", "2:3: `` is no name of a model: it may hold no / : @ nor controls (255 bytes at most)" },
  { "models:\n  m: {gate: []}\n", "2:7: model `m` has no setting `gate`; did you mean `gates`?" },
  { "models:\n  m: {connection: reg}\n", "2:19: model `m`: there is no connection `reg`; add it below connections:" },
  { "models:\n  m: {gates: \"a = 1\"}\n",
    "2:14: `gates` must be a list, such as [\"metrics.val_auc >= 0.85\", {name: no-worse, pass: \"drift.share < 0.3\"}], not a text" },
  { "models:\n  m: {gates: [[a]]}\n",
    "2:15: a gate must be an expression or a map of settings; write \"metrics.auc >= 0.8\", or {pass: ..., name: ...}" },
  { "models:\n  m: {gates: [{name: four-eyes, pass: \"drift.a = 1\"}]}\n",
    "2:22: `four-eyes` is the name of a gate that is always judged; call this one otherwise" },
  { "models:\n  m: {gates: [null]}\n",
    "2:15: a gate must be an expression or a map of settings; write \"metrics.auc >= 0.8\", or {pass: ..., name: ...}" },
  { "models:\n  m: {gates: [\"\"]}\n",
    "2:15: `pass` is empty; write e.g. pass: \"metrics.val_auc >= champion.metrics.val_auc - 0.005\", or remove it" },
  { "models:\n  m: {gates: [{name: x}]}\n",
    "2:15: the gate has no `pass`; add e.g. pass: \"metrics.val_auc >= champion.metrics.val_auc - 0.005\"" },
  { "models:\n  m: {gates: [{pass: a = 1, frist: pass}]}\n", "2:29: the gate has no setting `frist`; did you mean `first`?" },
  { "models:\n  m: {gates: [{pass: a = 1, first: maybe}]}\n",
    "2:36: `first` must be one of pass, fail, unknown, not `maybe`" },
  { "models:\n  m:\n    gates:\n      - \"drift.a = 1\"\n      - {pass: \"drift.a = 1\"}\n",
    "5:9: there is a gate of this name already, in line 4; remove one, or give it another name" },
  { "models:\n  m:\n    gates:\n      - \"metric.auc > 1\"\n",
    "4:9: gate: column 1: there are no facts `metric.`; did you mean `metrics.`?" },
  { "models:\n  m: {gates: [{name: x, pass: metrics.auc >}]}\n",
    "2:31: gate: column 14: a fact such as metrics.auc, a number or a 'text' is expected here" },
  { "models:\n  m: {evidence: {drfit: {}}}\n", "2:18: `evidence` has no setting `drfit`; did you mean `drift`?" },
  { "models:\n  m: {evidence: {drift: x}}\n",
    "2:25: `drift` must be a map, such as {baseline: data/train.parquet, current: data/now.parquet}, not a text" },
  { "models:\n  m: {evidence: {drift: {current: x}}}\n",
    "2:25: `drift` of model `m` has no `baseline`; add e.g. baseline: models:/readmission@champion/train.parquet" },
  { "models:\n  m: {evidence: {drift: {baseline: x, current: y, persist: 4/3}}}\n",
    "2:60: `persist` is M/N, as 2/3: drifted in M of the last N partitions; N is 64 at most" },
  { "models:\n  m: {evidence: {quality: {data: x}}}\n", "2:27: `quality` of model `m` has no `label`; add e.g. label: readmitted" },
  { "models:\n  m: {evidence: {rescore: {data: x, max_age: 1}}}\n",
    "2:46: `max_age` must be a duration such as 90s, 15m, 26h or 7d, not `1`" },
  { "models:\n  m: {approval: {four_eyes: yes}}\n", "2:29: `four_eyes` must be one of true, false, advisory, not `yes`" },
  { "models:\n  m: {approval: {required: 0}}\n", "2:28: `required` must be between 1 and 20, not 0" },
  { "models:\n  m: {approval: {approvers: [lead]}}\n", "2:30: approver `lead` is nobody below people:; add them there" },
  { "models:\n  m: {approval: {approvers: leda}}\npeople: {lead: {identities: [\"a:b\"]}}\n",
    "2:29: approver `leda` is nobody below people:; did you mean `lead`?" },
  { "models:\n  m: {approval: {approvers: [lead, lead]}}\npeople: {lead: {identities: [\"a:b\"]}}\n",
    "2:36: approver `lead` stands twice; remove one" },
  { "models:\n  m: {approval: {approvers: [lead], required: 2}}\npeople: {lead: {identities: [\"a:b\"]}}\n",
    "2:47: 2 must agree, but `approvers` names 1; name more, or ask for fewer" },
  { "models:\n  m: {approval: {lease: /srv}}\n", "2:25: `lease` must be dir:PATH or registry, not `/srv`" },
  { "models:\n  m: {approval: {lease: \"dir:\"}}\n", "2:25: `lease` must be dir:PATH or registry, not `dir:`" },
  { "models:\n  m: {promote: {alias: a, stage: Production}}\n", "2:34: `promote` names an alias and a stage; keep one" },
  { "models:\n  m: {promote: {alias: v12}}\n", "2:24: `v12` is no alias: use letters, digits, _ and -, but neither latest nor v1" },
  { "models:\n  m: {promote: {alias: Latest}}\n", "2:24: `Latest` is no alias: use letters, digits, _ and -, but neither latest nor v1" },
  { "models:\n  m: {promote: {alias: a b}}\n", "2:24: `a b` is no alias: use letters, digits, _ and -, but neither latest nor v1" },
  { "models:\n  m: {promote: {stage: production}}\n",
    "2:24: `stage` must be one of Staging, Production, Archived, not `production`; did you mean `Production`?" },
  { "people: {A b: {}}\n", "1:10: `A b` is no name for a person: use a-z, 0-9, _ . - and begin with a letter or digit (63 at most)" },
  { "people: {a: {}}\n", "1:13: person `a` has neither keys nor identities, so nobody can be known as them; add `keys`" },
  { "people: {a: [x]}\n", "1:13: person `a` must be a map of settings; write {keys: [\"ssh-ed25519 AAAA...\"]}" },
  { "people: {a: {key: x}}\n", "1:14: person `a` has no setting `key`; did you mean `keys`?" },
  { "people: {a: {keys: [hello]}}\n",
    "1:21: `a`: no SSH public key; write the line of a .pub file, such as \"ssh-ed25519 AAAA... name\"" },
  { "people: {a: {keys: [\"ssh-ed25519 AAAA\"]}}\n",
    "1:21: `a`: no SSH public key; write the line of a .pub file, such as \"ssh-ed25519 AAAA... name\"" },
  { "people: {a: {keys: [\"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA==\"]}}\n",
    "1:21: `a`: an SSH public key that is cut or altered; copy the line of the .pub file again" },
  { "people: {a: {keys: [\"" KEY_WEAK "\"]}}\n",
    "1:21: `a`: an RSA key of 1024 bits; 2048 to 16384 are taken: ssh-keygen -t ed25519 makes a good one" },
  { "people: {a: {keys: [\"" KEY_CERT "\"]}}\n",
    "1:21: `a`: it is a certificate; name the key itself, the line of the .pub file without -cert" },
  { "people: {a: {keys: [\"" KEY_DSA "\"]}}\n",
    "1:21: `a`: it is a DSA key, which is too weak; make another with ssh-keygen -t ed25519" },
  { "people:\n  a: {keys: [\"" KEY_A " one\"]}\n  b: {keys: [\"" KEY_A " two\"]}\n",
    "3:14: this key is `a`'s already (line 2); one key is one person's" },
  { "people:\n  a: {keys: [\"" KEY_A "\", \"" KEY_A "\"]}\n", "2:98: this key stands twice below `a`; remove one" },
  { "people:\n  a: {keys: [\"" KEY_A "\"]}\n  b: {revoked: [\"" PRINT_A "\"]}\n",
    "3:17: this key is `a`'s already (line 2); one key is one person's" },
  { "people:\n  a: {revoked: [\"SHA256:abc\"]}\n",
    "2:17: a fingerprint is SHA256: and 43 characters, as ssh-keygen -l prints it; or write the key's line" },
  { "people:\n  a: {identities: [\"mlflow:x\"]}\n  b: {identities: [\"mlflow:x\"]}\n",
    "3:20: this identity is `a`'s already (line 2); one identity is one person's" },
  { "people:\n  a: {identities: [lead]}\n", "2:20: `lead` is no identity; write issuer:subject, such as mlflow:lead" },
  { "people:\n  a: {identities: [\":lead\"]}\n", "2:20: `:lead` is no identity; write issuer:subject, such as mlflow:lead" },
  { "people:\n  a: {identities: [\"mlflow:\"]}\n", "2:20: `mlflow:` is no identity; write issuer:subject, such as mlflow:lead" },
};

static int load(struct sl_ws_conf **c, const char *text, struct sl_err *err)
{
  *err = (struct sl_err){ 0 };
  return sl_ws_conf_parse(c, sl_str(text), "/srv/ws/w.yaml", NULL, types, NTYPES, err);
}

static struct sl_ws_conf *load_ok(const char *text)
{
  struct sl_ws_conf *c = NULL;
  struct sl_err err;
  if (load(&c, text, &err))
    fail_msg("%s\n%s", err.msg, text);
  return c;
}

static void mistakes_are_told_in_one_line(void **state)
{
  (void)state;
  for (size_t i = 0; i < sizeof bads / sizeof bads[0]; i++) {
    struct sl_ws_conf *c;
    struct sl_err err;
    char want[300];
    snprintf(want, sizeof want, "/srv/ws/w.yaml:%s", bads[i].says);
    assert_int_equal(load(&c, bads[i].text, &err), SL_ECONFIG);
    assert_null(c);
    assert_string_equal(err.msg, want);
  }
}

static const char right[] =
  "connections:\n"
  "  registry: {type: mlflow, uri: \"http://a\"}\n"
  "models:\n"
  "  \"Re admission\":\n"
  "    connection: registry\n"
  "    evidence:\n"
  "      rescore: {data: \"lake:gold/holdout\", label: y, max_age: 7d}\n"
  "      drift: {baseline: data/train.parquet, current: \"lake:gold/@newest\", max_age: 24h}\n"
  "    gates:\n"
  "      - \"metrics.val_auc >= 0.85\"\n"
  "      - {name: no-worse, pass: \"metrics.val_auc >= champion.metrics.val_auc - 0.005\", first: pass}\n"
  "    approval: {required: 2, four_eyes: advisory, approvers: [lead, ana], lease: \"dir:leases\", expires: 30d}\n"
  "    promote: {stage: Production}\n"
  "    notify: {env: HOOK}\n"
  "  plain:\n"
  "    approval: {four_eyes: false, lease: registry}\n"
  "  other: {}\n"
  "people:\n"
  "  ana: {keys: [\"" KEY_A " ana@laptop\"], identities: [\"mlflow:ana\", \"aws:arn:aws:iam::1:user/ana\"]}\n"
  "  lead: {identities: [\"mlflow:lead\"], revoked: [\"" PRINT_B "\"]}\n";

static void a_model_is_read(void **state)
{
  (void)state;
  size_t n;
  struct sl_ws_conf *c = load_ok(right);
  const struct sl_model_conf *m = sl_ws_conf_models(c, &n);
  assert_int_equal(n, 3);
  assert_string_equal(m->name, "Re admission");
  assert_string_equal(m->conn, "registry");
  assert_null(m->alias);
  assert_string_equal(m->stage, "Production");
  assert_string_equal(m->lease, "dir:/srv/ws/leases");
  assert_int_equal(m->notify->kind, SL_SECRET_ENV);
  assert_string_equal(m->notify->text, "HOOK");
  assert_int_equal(m->required, 2);
  assert_int_equal(m->four_eyes, SL_FOUR_EYES_ADVISORY);
  assert_string_equal(m->approvers[0], "lead");
  assert_string_equal(m->approvers[1], "ana");
  assert_null(m->approvers[2]);
  assert_true(m->expires_s == 30 * 86400.0);
  assert_int_equal(m->ngates, 2);
  assert_string_equal(m->gates[0].name, "metrics.val_auc >= 0.85");
  assert_string_equal(m->gates[0].pass, "metrics.val_auc >= 0.85");
  assert_string_equal(m->gates[0].first, "unknown");
  assert_int_equal(m->gates[0].line, 10);
  assert_string_equal(m->gates[1].name, "no-worse");
  assert_string_equal(m->gates[1].pass, "metrics.val_auc >= champion.metrics.val_auc - 0.005");
  assert_string_equal(m->gates[1].first, "pass");
  assert_int_equal(m->gates[1].line, 11);
  assert_int_equal(m->nevidence, 2);
  assert_string_equal(m->evidence[0].kind, "drift");
  assert_string_equal(m->evidence[0].baseline, "file:///srv/ws/data/train.parquet");
  assert_string_equal(m->evidence[0].current, "lake:gold/@newest");
  assert_null(m->evidence[0].data);
  assert_true(m->evidence[0].max_age_s == 86400.0);
  assert_string_equal(m->evidence[1].kind, "rescore");
  assert_string_equal(m->evidence[1].data, "lake:gold/holdout");
  assert_string_equal(m->evidence[1].label, "y");
  assert_null(m->evidence[1].baseline);
  sl_ws_conf_unref(c);
}

static void what_is_not_said_has_a_default(void **state)
{
  (void)state;
  size_t n;
  struct sl_ws_conf *c = load_ok(right);
  const struct sl_model_conf *m = sl_ws_conf_models(c, &n) + 1;
  assert_string_equal(m->name, "plain");
  assert_int_equal(m->four_eyes, SL_FOUR_EYES_OFF);
  assert_string_equal(m->lease, "registry");
  m++;
  assert_null(m->conn);
  assert_string_equal(m->alias, "champion");
  assert_null(m->stage);
  assert_null(m->lease);
  assert_int_equal(m->notify->kind, SL_SECRET_NONE);
  assert_int_equal(m->required, 1);
  assert_int_equal(m->four_eyes, SL_FOUR_EYES_ON);
  assert_non_null(m->approvers);
  assert_null(m->approvers[0]);
  assert_true(m->expires_s == 0);
  assert_int_equal(m->ngates + m->nevidence, 0);
  sl_ws_conf_unref(c);
  c = load_ok("models:\npeople:\n");
  assert_null(sl_ws_conf_people(c, &n));
  assert_int_equal(n, 0);
  sl_ws_conf_unref(c);
}

static void people_are_read(void **state)
{
  (void)state;
  size_t n;
  struct sl_ws_conf *c = load_ok(right);
  const struct sl_member *p = sl_ws_conf_people(c, &n);
  assert_int_equal(n, 2);
  assert_string_equal(p[0].name, "ana");
  assert_string_equal(p[0].keys[0], KEY_A " ana@laptop");
  assert_null(p[0].keys[1]);
  assert_string_equal(p[0].identities[1], "aws:arn:aws:iam::1:user/ana");
  assert_null(p[0].identities[2]);
  assert_null(p[0].revoked[0]);
  assert_null(p[1].keys[0]);
  assert_string_equal(p[1].revoked[0], PRINT_B);
  sl_ws_conf_unref(c);
}

static void a_webhook_in_plain_text_warns(void **state)
{
  (void)state;
  const char *const *list;
  struct sl_ws_conf *c = load_ok("models:\n  m: {notify: \"https://hooks.example.org/x\"}\n");
  assert_int_equal(sl_ws_conf_warnings(c, &list), 1);
  assert_string_equal(list[0],
                      "/srv/ws/w.yaml:2:15: `notify` stands here in plain text; use {env: NAME}, {file: PATH}, {command: [...]} or ask");
  struct sl_buf b;
  sl_buf_init(&b, 0);
  assert_int_equal(sl_ws_conf_write(c, &b, NULL), SL_OK);
  assert_null(strstr(sl_buf_zstr(&b), "hooks.example.org"));
  sl_buf_free(&b);
  sl_ws_conf_unref(c);
}

static void policy(char out[65], const char *text, const char *model)
{
  size_t n;
  struct sl_ws_conf *c = load_ok(text);
  const struct sl_model_conf *m = sl_ws_conf_models(c, &n), *found = NULL;
  for (size_t i = 0; i < n && model; i++)
    if (!strcmp(m[i].name, model))
      found = &m[i];
  assert_true(!model || found);
  assert_int_equal(sl_ws_conf_policy(c, found, out, NULL), SL_OK);
  sl_ws_conf_unref(c);
}

static void written_and_read_again_it_is_the_same(void **state)
{
  (void)state;
  char one[65], two[65];
  struct sl_buf b, again;
  struct sl_ws_conf *c = load_ok(right);
  sl_buf_init(&b, 0);
  sl_buf_init(&again, 0);
  assert_int_equal(sl_ws_conf_write(c, &b, NULL), SL_OK);
  sl_ws_conf_unref(c);
  c = load_ok(sl_buf_zstr(&b));
  assert_int_equal(sl_ws_conf_write(c, &again, NULL), SL_OK);
  assert_string_equal(sl_buf_zstr(&b), sl_buf_zstr(&again));
  sl_ws_conf_unref(c);
  policy(one, right, "Re admission");
  policy(two, sl_buf_zstr(&b), "Re admission");
  assert_string_equal(one, two);
  sl_buf_free(&b);
  sl_buf_free(&again);
}

/* ---- the policy ---- */

#define PEOPLE "people: {ana: {keys: [\"" KEY_A "\"]}}\n"

static void a_policy_is_the_digest_of_its_canonical_form(void **state)
{
  (void)state;
  char hex[65], want[65];
  static const char form[] =
    "{\"model\":{\"approval\":{\"approvers\":[\"ana\"],\"expires_ms\":60000,\"four_eyes\":\"true\",\"lease\":\"dir:./l\",\"required\":1},"
    "\"connection\":null,\"evidence\":[{\"baseline\":null,\"current\":null,\"data\":\"file://./d\",\"kind\":\"rescore\",\"label\":null,"
    "\"max_age_ms\":null}],\"gates\":[{\"first\":\"unknown\",\"name\":\"drift.a = 1\",\"pass\":\"drift.a = 1\"},"
    "{\"first\":\"pass\",\"name\":\"z\",\"pass\":\"tags.b = '\\\\'\"}],\"name\":\"m\",\"promote\":{\"alias\":\"champion\",\"stage\":null}},"
    "\"people\":{\"ana\":{\"identities\":[],\"keys\":[\"" PRINT_A "\"],\"revoked\":[\"" PRINT_B "\"]}},\"v\":2}";
  struct sl_sha256 d = sl_sha256(sl_str(form));
  sl_sha256_hex(&d, want);
  policy(hex, "models:\n  m:\n    gates: [{name: z, pass: \"tags.b = '\\\\'\", first: pass}, \"drift.a = 1\"]\n"
              "    approval: {approvers: ana, expires: 60s, lease: \"dir:l\"}\n    evidence: {rescore: {data: d}}\n"
              "people: {ana: {keys: [\"" KEY_A " c\"], revoked: [\"" KEY_B "\"]}}\n", "m");
  assert_string_equal(hex, want);
  static const char nothing[] = "{\"model\":null,\"people\":{},\"v\":2}";
  d = sl_sha256(sl_str(nothing));
  sl_sha256_hex(&d, want);
  policy(hex, "environment: prod\n" PEOPLE, NULL);
  assert_string_equal(hex, want);
}

static void how_the_file_is_written_does_not_matter(void **state)
{
  (void)state;
  static const char *const same[] = {
    "models: {m: {gates: [\"drift.a = 1\", {name: b, pass: \"drift.b = 2\"}]}}\n" PEOPLE,
    "models: {m: {gates: [{pass: \"drift.b = 2\", first: unknown, name: b}, {pass: drift.a = 1}]},\n"
      "  other: {gates: [\"tags.x = 1\"]}}\n" PEOPLE,
    "# a comment\n" PEOPLE "models:\n  m:\n    notify: ask\n    gates:\n    - drift.a = 1\n    - {name: b, pass: drift.b = 2}\n"
      "    approval: {required: 1}\n",
    "environment: prod\nmodels: {m: {gates: [\"drift.a = 1\", {name: b, pass: \"drift.b = 2\"}], promote: {alias: champion}}}\n"
      "people: {ana: {keys: [\"" KEY_A " another comment\"]}}\n",
  };
  char want[65], hex[65];
  policy(want, same[0], "m");
  for (size_t i = 1; i < sizeof same / sizeof same[0]; i++) {
    policy(hex, same[i], "m");
    assert_string_equal(hex, want);
  }
}

#define BY_ANA "models: {m: {gates: [\"drift.a = 1\"], approval: {approvers: ana}}}\n"

/* Whom the policy does not name: what was agreed stands when they come, go, or get another key. */
static void somebody_else_below_people_does_not_matter(void **state)
{
  (void)state;
  static const char *const same[][4] = {
    { BY_ANA PEOPLE, BY_ANA "people: {ana: {keys: [\"" KEY_A "\"]}, eva: {keys: [\"" KEY_B "\"]}}\n",
      BY_ANA "people: {eva: {identities: [\"a:b\"]}, ana: {keys: [\"" KEY_A "\"]}}\n",
      BY_ANA "people: {ana: {keys: [\"" KEY_A "\"]}, eva: {revoked: [\"" PRINT_B "\"]}}\n" },
    { "models: {m: {gates: [\"drift.a = 1\"]}}\n" PEOPLE, "models: {m: {gates: [\"drift.a = 1\"]}}\n",
      "models: {m: {gates: [\"drift.a = 1\"]}}\npeople: {eva: {keys: [\"" KEY_A "\"]}}\n",
      "models: {m: {gates: [\"drift.a = 1\"]}}\npeople: {ana: {revoked: [\"" KEY_A "\"]}}\n" },
  };
  char want[65], hex[65];
  for (size_t i = 0; i < 2; i++) {
    policy(want, same[i][0], "m");
    for (size_t k = 1; k < 4; k++) {
      policy(hex, same[i][k], "m");
      assert_string_equal(hex, want);
    }
  }
}

static void what_it_says_does(void **state)
{
  (void)state;
  static const char *const other[] = {
    "models: {m: {gates: [\"drift.a = 1\"]}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 2\"]}}\n" PEOPLE,
    "models: {m: {gates: [{pass: \"drift.a = 1\", first: pass}]}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], approval: {four_eyes: false}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], approval: {approvers: ana}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], approval: {required: 2}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], approval: {expires: 1d}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], approval: {lease: registry}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], promote: {stage: Production}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], evidence: {rescore: {data: \"s3://b/x\"}}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], evidence: {rescore: {data: \"s3://b/x\", max_age: 1d}}}}\n" PEOPLE,
    "models: {m: {gates: [\"drift.a = 1\"], evidence: {quality: {data: \"s3://b/x\", label: y, max_age: 1d}}}}\n" PEOPLE,
    "connections: {r: {type: mlflow, uri: \"http://a\"}}\nmodels: {m: {gates: [\"drift.a = 1\"], connection: r}}\n" PEOPLE,
    BY_ANA "people: {ana: {keys: [\"" KEY_B "\"]}}\n",
    BY_ANA "people: {ana: {revoked: [\"" KEY_A "\"]}}\n",
    BY_ANA "people: {ana: {keys: [\"" KEY_B "\"], revoked: [\"" KEY_A "\"]}}\n",
    BY_ANA "people: {ana: {keys: [\"" KEY_A "\"], identities: [\"a:b\"]}}\n",
  };
  enum { N = sizeof other / sizeof other[0] };
  char hex[N][65];
  for (size_t i = 0; i < N; i++) {
    policy(hex[i], other[i], "m");
    for (size_t k = 0; k < i; k++)
      if (!strcmp(hex[i], hex[k]))
        fail_msg("one policy for\n%sand\n%s", other[i], other[k]);
  }
}

/* Whoever cloned the workspace elsewhere has the same policy. */
static void the_folder_does_not_matter(void **state)
{
  (void)state;
  static const char text[] = "models: {m: {evidence: {rescore: {data: data/x}}, approval: {lease: \"dir:l\"}}}\n";
  static const char *const folders[] = { "/srv/ws/w.yaml", "/home/ana/w.yaml" };
  char hex[2][65];
  for (int i = 0; i < 2; i++) {
    size_t n;
    struct sl_ws_conf *c;
    assert_int_equal(sl_ws_conf_parse(&c, sl_str(text), folders[i], NULL, types, NTYPES, NULL), SL_OK);
    assert_int_equal(sl_ws_conf_policy(c, sl_ws_conf_models(c, &n), hex[i], NULL), SL_OK);
    sl_ws_conf_unref(c);
  }
  assert_string_equal(hex[0], hex[1]);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(mistakes_are_told_in_one_line),
    cmocka_unit_test(a_model_is_read),
    cmocka_unit_test(what_is_not_said_has_a_default),
    cmocka_unit_test(people_are_read),
    cmocka_unit_test(a_webhook_in_plain_text_warns),
    cmocka_unit_test(written_and_read_again_it_is_the_same),
    cmocka_unit_test(a_policy_is_the_digest_of_its_canonical_form),
    cmocka_unit_test(how_the_file_is_written_does_not_matter),
    cmocka_unit_test(what_it_says_does),
    cmocka_unit_test(somebody_else_below_people_does_not_matter),
    cmocka_unit_test(the_folder_does_not_matter),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
