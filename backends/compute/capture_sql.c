/* backends/compute/capture_sql.c: queries over captured JSON lines. The engine reads lines, so that each has its number in its file,
 * and parses them; what does not fit is an error with file and line. Windows over the lines stream: nothing is kept of them. What joins
 * and groups is of a fixed width (a digest of the id, the line's position), so that a million events fit into a small box; what the engine
 * keeps of truths is what is written in them, and it may spill. No arg_min of a text: its states do not spill. */
#include <stdio.h>

#include "backend_compute/capture.h"
#include "base/fmt.h"

static const char *const sides[CAPTURE_SIDES] = { "i", "o", "t" };

/* ---- lines, and what stands in them; p: prefix of the names ---- */

/* Not in parallel: else a line longer than the reader's buffers is no error everywhere. */
static void put_reader(struct sl_buf *b, const char *address)
{
  sl_buf_z(b, "read_csv(");
  sl_fmt_quote(b, sl_str(address), '\'');
  sl_buf_z(b, ", columns = {'line': 'VARCHAR'}, delim = e'\\x01', quote = '', escape = '', header = false, filename = true, "
           "hive_partitioning = "
           "false, max_line_size = 4194304, buffer_size = 8388608, parallel = false, auto_detect = false)");
}

/* Files of which less came than they hold: the reader passes over a last line without an end that is longer than its buffers. */
static void put_missed(struct sl_buf *b, const char *address)
{
  sl_buf_z(b, " UNION ALL SELECT 'missed', NULL, NULL, (SELECT count(*) FROM (SELECT filename AS f, size FROM read_blob(");
  sl_fmt_quote(b, sl_str(address), '\'');
  sl_buf_z(b, ")) LEFT JOIN (SELECT filename AS f, sum(strlen(line)) AS s, count(*) AS n FROM ");
  put_reader(b, address);
  sl_buf_z(b, " GROUP BY filename) USING (f) WHERE size > coalesce(s, 0) + 2 * coalesce(n, 0) + 3), false, false");
}

static void put_lines(struct sl_buf *b, const char *p, const char *address, const char *paths)
{
  sl_buf_printf(b, "%s_raw AS NOT MATERIALIZED (SELECT filename AS file, line, row_number() OVER () AS pos, lag(filename) OVER () AS "
                "prev FROM ", p);
  put_reader(b, address);
  sl_buf_printf(b, "),\n"
                "%s_lines AS NOT MATERIALIZED (SELECT line, pos, concat(file, ':', pos - max(CASE WHEN prev IS DISTINCT FROM file THEN "
                "pos END) "
                "OVER (ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) + 1, ': ') AS place FROM %s_raw),\n", p, p);
  sl_buf_printf(b, "%s_json AS NOT MATERIALIZED (SELECT pos, place, json_extract_string(CASE WHEN json_valid(line) THEN line "
                "ELSE error(concat(place, 'not JSON')) END, ['$.eventMetadata.eventId'%s]) AS x FROM %s_lines WHERE trim(coalesce(line, "
                "'')) <> ''),\n"
                "%s_id AS NOT MATERIALIZED (SELECT pos, place, x, id, md5_number(id) AS key FROM (SELECT pos, place, x, coalesce("
                "x[1], error(concat(place, 'no eventMetadata.eventId'))) AS id FROM %s_json)),\n", p, paths, p, p, p);
}

/* What a line is asked for, after its id: in one go, since each go parses the line and holds a chunk of parsed lines. */
#define PART(path) ", '$." path ".data', '$." path ".encoding', '$." path ".observedContentType'"
#define STAMP ", '$.eventMetadata.inferenceTime'"
enum { AT_STAMP = 2, AT_IN = 3, AT_OUT = 6, AT_TRUTH = 9, AT_TRUTH_ALONE = 2 };

static void put_part(struct sl_buf *b, const char *side, int at)
{
  sl_buf_printf(b, ", x[%d] AS %s_data, upper(x[%d]) AS %s_code, lower(x[%d]) AS %s_type", at, side, at + 1, side, at + 2, side);
}

/* The text of a part, and what is written in it. */
static void put_text(struct sl_buf *b, const char *s, const char *what)
{
  sl_buf_printf(b, ", CASE WHEN %s_data IS NULL THEN NULL WHEN %s_code IN ('CSV', 'JSON') THEN %s_data WHEN %s_code = 'BASE64' THEN "
                "coalesce(try(decode(from_base64(%s_data))), error(concat(place, '%s.data: no BASE64 of a text'))) "
                "ELSE error(concat(place, '%s.encoding ', coalesce(%s_code, 'is missing'), ': CSV, JSON or BASE64')) END AS %s_text",
                s, s, s, s, s, what, what, s, s);
  sl_buf_printf(b, ", CASE WHEN %s_data IS NULL THEN NULL WHEN %s_code IN ('CSV', 'JSON') THEN %s_code WHEN %s_type LIKE '%%csv%%' "
                "THEN 'CSV' WHEN %s_type LIKE '%%json%%' THEN 'JSON' ELSE error(concat(place, '%s: BASE64 of ', coalesce(%s_type, "
                "'no observedContentType'), ': CSV or JSON is read')) END AS %s_form", s, s, s, s, s, what, s, s);
}

/* A record of CSV, in x, as cells. */
#define CELL "(?:\"(?:[^\"]|\"\")*\"|[^,\"]*)"
static void put_csv(struct sl_buf *b, const char *s, const char *what)
{
  sl_buf_printf(b, "list_transform(list_filter(string_split(replace(%s_text, chr(13), ''), chr(10)), lambda x: trim(x) <> ''), lambda x: "
                "list_transform(CASE WHEN NOT contains(x, '\"') THEN string_split(x, ',') WHEN regexp_full_match(x, "
                "'" CELL "(?:," CELL ")*') "
                "THEN list_transform(regexp_extract_all(x || ',', '(" CELL "),', 1), lambda y: CASE WHEN starts_with(y, '\"') THEN "
                "replace(substr(y, 2, length(y) - 2), '\"\"', '\"') ELSE y END) ELSE error(concat(place, '%s.data: quotes that are no "
                "CSV')) "
                "END, lambda y: {'k': CAST(NULL AS VARCHAR), 'v': y}))", s, what);
}

/* Documents (one, or one a line), their records, the records' cells. */
static void put_json(struct sl_buf *b, const char *s, const char *what)
{
  sl_buf_printf(b, "list_transform(flatten(list_transform(CASE WHEN json_valid(%s_text) THEN [CAST(%s_text AS JSON)] ELSE list_transform("
                "list_filter(string_split(%s_text, chr(10)), lambda x: trim(x) <> ''), lambda x: CASE WHEN json_valid(x) THEN CAST(x AS "
                "JSON) "
                "ELSE error(concat(place, '%s.data: not JSON')) END) END, lambda d: CASE WHEN json_type(d, '$.instances') = 'ARRAY' THEN "
                "json_extract(d, '$.instances[*]') WHEN json_type(d, '$.predictions') = 'ARRAY' THEN json_extract(d, '$.predictions[*]') "
                "WHEN json_type(d) = 'ARRAY' AND json_type(d, '$[0]') IN ('ARRAY', 'OBJECT') THEN json_extract(d, '$[*]') ELSE [d] END)), "
                "lambda r: ", s, s, s, what);
  sl_buf_printf(b, "CASE WHEN json_type(r) = 'ARRAY' THEN list_transform(json_extract(r, '$[*]'), lambda y: {'k': CAST(NULL AS VARCHAR), "
                "'v': json_extract_string(y, '$')}) WHEN json_type(r, '$.features') = 'ARRAY' THEN list_transform(json_extract(r, "
                "'$.features[*]'), lambda y: {'k': CAST(NULL AS VARCHAR), 'v': json_extract_string(y, '$')}) WHEN json_type(r) = 'OBJECT' "
                "THEN list_transform(json_keys(r), lambda y: {'k': y, 'v': CASE WHEN contains(y, '\"') OR contains(y, chr(92)) THEN "
                "error(concat(place, '%s.data: a name with a quote or a backslash')) ELSE json_extract_string(r, concat('$.\"', y, "
                "'\"')) END}) "
                "ELSE [{'k': CAST(NULL AS VARCHAR), 'v': json_extract_string(r, '$')}] END)", what);
}

static void put_records(struct sl_buf *b, const char *s, const char *what)
{
  sl_buf_printf(b, ", CASE %s_form WHEN 'CSV' THEN ", s);
  put_csv(b, s, what);
  sl_buf_z(b, " WHEN 'JSON' THEN ");
  put_json(b, s, what);
  sl_buf_printf(b, " END AS %s_rec", s);
}

/* From PREFIXparts to PREFIXrecs: the sides from..to-1; kept: columns that both have. */
static void put_chain(struct sl_buf *b, const char *prefix, const char *kept, int from, int to)
{
  static const char *const what[CAPTURE_SIDES] = { "endpointInput", "endpointOutput", "groundTruthData" };
  sl_buf_printf(b, "%stexts AS NOT MATERIALIZED (SELECT %s", prefix, kept);
  for (int s = from; s < to; s++)
    put_text(b, sides[s], what[s]);
  sl_buf_printf(b, " FROM %sparts),\n%srecs AS NOT MATERIALIZED (SELECT %s", prefix, prefix, kept);
  for (int s = from; s < to; s++)
    put_records(b, sides[s], what[s]);
  sl_buf_printf(b, " FROM %stexts)", prefix);
}

/* The events' lines and what is in them (c_parts), truths' lines; once: of a repeated event the first one. Each is read once more for what
 * only asks for ids (c_again, t_again): what is used twice the engine keeps, lines and all, since it numbers rows. */
static void put_events(struct sl_buf *b, const struct capture_ask *a, bool once)
{
  sl_buf_z(b, "WITH ");
  put_lines(b, "c", a->from, a->truth ? STAMP PART("captureData.endpointInput") PART("captureData.endpointOutput")
                                      : STAMP PART("captureData.endpointInput") PART("captureData.endpointOutput") PART("groundTruthData"));
  put_lines(b, "c_again", a->from, "");
  if (a->truth) {
    put_lines(b, "t", a->truth, PART("groundTruthData"));
    put_lines(b, "t_again", a->truth, "");
  }
  sl_buf_printf(b, "c_parts AS NOT MATERIALIZED (SELECT *, CASE WHEN i_data IS NULL AND o_data IS NULL THEN error(concat(place, 'no "
                "captureData')) END AS lacks FROM (SELECT pos, place, id, key, x[%d] AS stamp", AT_STAMP);
  put_part(b, "i", AT_IN);
  put_part(b, "o", AT_OUT);
  if (!a->truth)
    put_part(b, "t", AT_TRUTH);
  sl_buf_printf(b, " FROM c_id%s)),\n", once ? " WHERE pos IN (SELECT min(pos) FROM c_again_id GROUP BY key)" : "");
}

#define FIRST_TRUTHS " WHERE pos IN (SELECT min(pos) FROM t_again_id GROUP BY key)"

/* Truths' lines, as parts; which: a condition. */
static void put_truths(struct sl_buf *b, const char *name, const char *which)
{
  sl_buf_printf(b, "%s AS NOT MATERIALIZED (SELECT pos, place, key, x[%d] AS t_data, upper(x[%d]) AS t_code, NULL AS t_type FROM "
                "t_id%s),\n", name, AT_TRUTH_ALONE, AT_TRUTH_ALONE + 1, which);
}

/* ---- both first queries: rows of side, place, key, how many, and what they all are ---- */

static void put_cells(struct sl_buf *b, const char *s)
{
  sl_buf_printf(b, "coalesce(flatten(list_transform(%s_rec, lambda r: list_append(list_transform(r, lambda y, i: {'s': '%s', 'i': i, "
                "'k': y.k, "
                "'v': nullif(trim(y.v), '')}), {'s': '%s length', 'i': len(r), 'k': CASE WHEN len(r) > 0 THEN r[1].k END, 'v': "
                "NULL}))), [])",
                s, s, s);
}

/* The names of a baseline: a list, Model Monitor's file, or a table of any kind. */
static void put_names(struct sl_buf *b, const char *names)
{
  struct sl_str s = sl_str(names);
  bool file = strchr(names, '/') || strchr(names, ':') || sl_str_ends(s, SL_STR(".csv")) || sl_str_ends(s, SL_STR(".parquet")) ||
              sl_str_ends(s, SL_STR(".json"));
  sl_buf_z(b, " UNION ALL SELECT 'name', i, k, 0, false, fraction FROM (");
  if (file && sl_str_ends(s, SL_STR(".json"))) {
    sl_buf_z(b, "SELECT unnest(range(1, len(f) + 1)) AS i, json_extract_string(unnest(f), '$.name') AS k, "
             "json_extract_string(unnest(f), '$.inferred_type') = 'Fractional' AS fraction FROM (SELECT json_extract(content, "
             "'$.features[*]') AS f FROM read_text(");
    sl_fmt_quote(b, s, '\'');
    sl_buf_z(b, "))");
  } else if (file) {
    sl_buf_z(b, "SELECT row_number() OVER () AS i, column_name AS k, column_type IN ('DOUBLE', 'FLOAT') OR column_type LIKE 'DECIMAL%' "
             "AS fraction "
             "FROM (DESCRIBE FROM ");
    sl_fmt_quote(b, s, '\'');
    sl_buf_z(b, ")");
  } else {
    sl_buf_z(b, "SELECT unnest(range(1, len(f) + 1)) AS i, trim(unnest(f)) AS k, false AS fraction FROM (SELECT string_split(");
    sl_fmt_quote(b, s, '\'');
    sl_buf_z(b, ", ',') AS f)");
  }
  sl_buf_ch(b, ')');
}

/* The values of all records, and how many a record has. */
static void put_values(struct sl_buf *b, bool truth)
{
  sl_buf_z(b, "SELECT unnest(list_concat(");
  for (int s = 0; s < (truth ? CAPTURE_TRUTH : CAPTURE_SIDES); s++) {
    sl_buf_z(b, s ? ", " : "");
    put_cells(b, sides[s]);
  }
  sl_buf_z(b, ")) AS u FROM recs WHERE lacks IS NULL");
  if (!truth)
    return;
  sl_buf_z(b, " UNION ALL SELECT unnest(");
  put_cells(b, sides[CAPTURE_TRUTH]);
  sl_buf_z(b, ") FROM t_recs WHERE lacks IS NULL");
}

int capture_put_count(struct sl_buf *b, const struct capture_ask *a, struct sl_err *err)
{
  put_events(b, a, false);
  if (a->truth)
    sl_buf_z(b, "ids AS NOT MATERIALIZED (SELECT count(c) AS nc, count(t) AS nt FROM (SELECT key, 1 AS c, NULL AS t FROM c_id UNION ALL "
             "SELECT key, NULL, 1 FROM t_id) GROUP BY key)");
  else
    sl_buf_z(b, "ids AS NOT MATERIALIZED (SELECT count(*) AS nc, max(CASE WHEN t_data IS NULL THEN 0 ELSE 1 END) AS nt FROM c_parts GROUP "
             "BY key)");
  sl_buf_z(b, "\nSELECT side, nth, word, n, whole, number FROM (SELECT unnest(['events', 'repeated', 'joined', 'truths', 'truths "
           "repeated', 'unused']) AS side, NULL AS nth, NULL AS word, unnest([e, r, j, t, tr, u]) AS n, false AS whole, false AS number "
           "FROM (SELECT coalesce(sum(nc), 0)::BIGINT AS e, coalesce(sum(nc - 1) FILTER (nc > 0), 0)::BIGINT AS r, count(*) FILTER (nc > "
           "0 AND nt > 0) AS j, count(*) FILTER (nt > 0) AS t, coalesce(sum(nt - 1) FILTER (nt > 0), 0)::BIGINT AS tr, count(*) FILTER "
           "(nc = 0) AS u FROM ids)");
  if (a->names)
    put_names(b, a->names);
  put_missed(b, a->from);
  if (a->truth)
    put_missed(b, a->truth);
  sl_buf_z(b, ") ORDER BY side, nth");
  return sl_buf_check(b, err);
}

/* Of repeated truths the first, of those without an event none. */
static const char *used_truths(const struct capture_found *f)
{
  static const char *const which[] = { "", FIRST_TRUTHS, " WHERE key IN (SELECT key FROM c_again_id)",
                                       FIRST_TRUTHS " AND key IN (SELECT key FROM c_again_id)" };
  return which[(f->truths_repeated ? 1 : 0) + (f->unused ? 2 : 0)];
}

int capture_put_shape(struct sl_buf *b, const struct capture_ask *a, const struct capture_found *f, struct sl_err *err)
{
  bool truth = a->truth != NULL;
  put_events(b, a, false);
  sl_buf_z(b, "parts AS NOT MATERIALIZED (SELECT * FROM c_parts),\n");
  put_chain(b, "", "place, lacks", 0, truth ? CAPTURE_TRUTH : CAPTURE_SIDES);
  if (truth) {
    sl_buf_z(b, ",\n");
    put_truths(b, "t_used", used_truths(f));
    sl_buf_z(b, "t_parts AS NOT MATERIALIZED (SELECT *, CASE WHEN t_data IS NULL THEN error(concat(place, 'no groundTruthData.data')) END "
             "AS lacks FROM t_used),\n");
    put_chain(b, "t_", "place, lacks", CAPTURE_TRUTH, CAPTURE_SIDES);
  }
  sl_buf_z(b, "\nSELECT side, nth, word, n, whole, number FROM (SELECT u.s AS side, CASE WHEN u.k IS NULL OR u.s LIKE '% length' THEN u.i "
           "END AS nth, CASE WHEN u.s NOT LIKE '% length' THEN u.k END AS word, count(*) AS n, bool_and(u.v IS NULL OR "
           "(regexp_full_match(u.v, '[+-]?[0-9]+') AND try_cast(u.v AS BIGINT) IS NOT NULL)) AND count(u.v) > 0 AS whole, "
           "bool_and(u.v IS NULL OR try_cast(u.v AS DOUBLE) IS NOT NULL) AND count(u.v) > 0 AS number, min(u.i) AS first FROM (");
  put_values(b, truth);
  sl_buf_z(b, ") GROUP BY ALL) ORDER BY side, nth, first, word");
  return sl_buf_check(b, err);
}

/* ---- the third one: the rows ---- */

static void put_name(struct sl_buf *b, const struct capture_found *f, int side, size_t i)
{
  char own[40];
  size_t at = f->names == f->n[CAPTURE_IN] ? i : f->names == f->n[CAPTURE_IN] + f->n[CAPTURE_OUT] ? i + f->n[CAPTURE_OUT] : SIZE_MAX;
  const char *word = side == CAPTURE_OUT ? "predicted" : "truth", *name = own;
  if (side == CAPTURE_IN && f->at[side][i].key)
    name = f->at[side][i].key;
  else if (side == CAPTURE_IN && f->names && at < f->names)
    name = f->name[at];
  else if (side == CAPTURE_IN)
    snprintf(own, sizeof own, "_c%zu", i);
  else if (f->n[side] == 1)
    name = word;
  else
    snprintf(own, sizeof own, "%s_%zu", word, i);
  sl_fmt_quote(b, sl_str(name), '"');
}

static bool fraction(const struct capture_found *f, int side, size_t i)
{
  size_t at = f->names == f->n[CAPTURE_IN] ? i : i + f->n[CAPTURE_OUT];
  return side == CAPTURE_IN && !f->at[side][i].key && f->names && at < f->names && f->fraction[at];
}

/* Of the record number `rec`. A key may be missing in one. */
static void put_column(struct sl_buf *b, const struct capture_found *f, int side, size_t i)
{
  const struct capture_column *c = &f->at[side][i];
  const char *type = !c->number ? NULL : c->whole && !fraction(f, side, i) ? "BIGINT" : "DOUBLE";
  sl_buf_z(b, ",\n");
  sl_buf_z(b, type ? "CAST(nullif(trim(" : "nullif(");
  if (c->key) {
    sl_buf_printf(b, "list_filter(%s, lambda y: y.k = ", sides[side]);
    sl_fmt_quote(b, sl_str(c->key), '\'');
    sl_buf_z(b, ")[1].v");
  } else {
    sl_buf_printf(b, "%s[%zu].v", sides[side], i + 1);
  }
  sl_buf_z(b, type ? "), '') AS " : ", '') AS ");
  if (type)
    sl_buf_printf(b, "%s) AS ", type);
  put_name(b, f, side, i);
}

/* Each record has as many values as most have, and an event as many records everywhere. */
static void put_checks(struct sl_buf *b, const struct capture_found *f, bool truth)
{
  static const char *const what[CAPTURE_SIDES] = { "endpointInput", "endpointOutput", "groundTruthData" };
  sl_buf_z(b, "checked AS NOT MATERIALIZED (SELECT *, CASE WHEN lacks IS NOT NULL THEN NULL");
  for (int s = 0; s < CAPTURE_SIDES; s++) {
    if (!f->n[s])
      continue;
    sl_buf_printf(b, " WHEN len(%s_rec) <> records THEN error(concat(place, '%s.data: ', len(%s_rec), ' records, ', records, ' "
                  "elsewhere in the "
                  "event'))", sides[s], what[s], sides[s]);
    if (s != CAPTURE_TRUTH || truth)
      sl_buf_printf(b, " WHEN %s_rec IS NULL THEN error(concat(place, 'no %s, which other events have'))", sides[s], what[s]);
    if (f->at[s][0].key)
      sl_buf_printf(b, " WHEN len(list_filter(%s_rec, lambda r: r[1].k IS NULL)) > 0 THEN error(concat(place, '%s.data: values without "
                    "names, others have them'))", sides[s], what[s]);
    else
      sl_buf_printf(b, " WHEN len(list_filter(%s_rec, lambda r: len(r) <> %zu OR r[1].k IS NOT NULL)) > 0 THEN error(concat(place, "
                    "'%s.data: ', "
                    "len(list_filter(%s_rec, lambda r: len(r) <> %zu OR r[1].k IS NOT NULL)[1]), ' values, others have %zu'))", sides[s],
                    f->n[s], what[s], sides[s], f->n[s], f->n[s]);
  }
  sl_buf_z(b, " ELSE records END AS good FROM (SELECT *, coalesce(len(i_rec), len(o_rec)) AS records FROM recs");
  sl_buf_z(b, truth ? " WHERE t_rec IS NOT NULL)),\n" : ")),\n");
}

static int check_names(const struct capture_ask *a, const struct capture_found *f, struct sl_err *err)
{
  size_t in = f->n[CAPTURE_IN], out = f->n[CAPTURE_OUT];
  if (!f->names || (in && f->at[CAPTURE_IN][0].key) || f->names == in || f->names == in + out)
    return SL_OK;
  return sl_err_set(err, SL_EUSAGE, "names=%.60s: %zu names; captured are %zu inputs and %zu outputs", a->names, f->names, in, out);
}

int capture_put_rows(struct sl_buf *b, const struct capture_ask *a, const struct capture_found *f, struct sl_err *err)
{
  bool truth = f->joined > 0 || a->truth, once = f->repeated > 0;
  int rc = check_names(a, f, err);
  put_events(b, a, once);
  if (a->truth)
    put_truths(b, "truth", f->truths_repeated ? FIRST_TRUTHS : "");
  sl_buf_printf(b, "parts AS NOT MATERIALIZED (SELECT c_parts.*%s),\n", a->truth ? ", t_data, t_code, t_type FROM c_parts JOIN truth USING "
                "(key)" : " FROM c_parts");
  put_chain(b, "", "pos, place, id, stamp, lacks", 0, CAPTURE_SIDES);
  sl_buf_z(b, ",\n");
  put_checks(b, f, truth);
  sl_buf_z(b, "cells AS NOT MATERIALIZED (SELECT pos, id, stamp, rec, i_rec[rec] AS i, o_rec[rec] AS o, t_rec[rec] AS t FROM (SELECT "
           "pos, id, stamp, i_rec, "
           "o_rec, t_rec, unnest(range(1, good + 1)) AS rec FROM checked))\nSELECT * EXCLUDE (pos, rec) FROM (SELECT pos, rec");
  if (a->take == CAPTURE_ALL)
    sl_buf_z(b, ", id AS event_id, stamp AS inference_time");
  for (int s = 0; s < CAPTURE_SIDES; s++)
    for (size_t i = 0; i < f->n[s]; i++)
      if (a->take == CAPTURE_USUAL || a->take == CAPTURE_ALL || (a->take == CAPTURE_INPUTS) == (s == CAPTURE_IN))
        put_column(b, f, s, i);
  sl_buf_printf(b, " FROM cells)%s", once || a->truth ? " ORDER BY pos, rec" : "");
  return rc ? rc : sl_buf_check(b, err);
}
