/* box/duckdb_abi.h: the part of DuckDB's C interface that the box calls, declared by us: the engine is loaded when first needed, and no
 * header of it has to be installed. The interface is stable since 1.2; every name here is looked up once, in duck.c. */
#ifndef SL_BOX_DUCKDB_ABI_H
#define SL_BOX_DUCKDB_ABI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Handles are opaque pointers; a struct each, so that the compiler tells them apart. */
typedef struct duck_db_ *duck_db;
typedef struct duck_conn_ *duck_conn;
typedef struct duck_config_ *duck_config;
typedef struct duck_extracted_ *duck_extracted;
typedef struct duck_prepared_ *duck_prepared;
typedef struct duck_pending_ *duck_pending;
typedef struct duck_type_ *duck_type;
typedef struct duck_chunk_ *duck_chunk;
typedef struct duck_vector_ *duck_vector;
typedef struct duck_appender_ *duck_appender;
typedef struct duck_function_ *duck_function;         /* that gives a table */
typedef struct duck_bind_ *duck_bind;
typedef struct duck_init_ *duck_init;
typedef struct duck_call_ *duck_call;

/* By value in two calls, so its size counts: six words, all the library's own. */
typedef struct { uint64_t own[3]; void *also[3]; } duck_result;

/* A text or blob inside a vector: up to 12 bytes lie in it. */
typedef union {
  uint32_t len;
  struct { uint32_t len; char p[12]; } in;
  struct { uint32_t len; char prefix[4]; const char *p; } far;
} duck_text;
_Static_assert(sizeof(duck_text) == 16, "as the engine lays it out");
typedef struct { uint64_t off, len; } duck_list;
typedef struct { double percent; uint64_t done, total; } duck_progress;
typedef struct { uint64_t low; int64_t high; } duck_huge;

enum { DUCK_OK = 0 };
enum duck_pending_state { DUCK_READY, DUCK_NOT_READY, DUCK_PENDING_ERROR, DUCK_NO_TASKS };
enum duck_type_id {
  DUCK_BOOLEAN = 1, DUCK_TINYINT, DUCK_SMALLINT, DUCK_INTEGER, DUCK_BIGINT, DUCK_UTINYINT, DUCK_USMALLINT, DUCK_UINTEGER, DUCK_UBIGINT,
  DUCK_FLOAT, DUCK_DOUBLE, DUCK_TIMESTAMP, DUCK_DATE, DUCK_TIME, DUCK_INTERVAL, DUCK_HUGEINT, DUCK_VARCHAR, DUCK_BLOB, DUCK_DECIMAL,
  DUCK_TIMESTAMP_S, DUCK_TIMESTAMP_MS, DUCK_TIMESTAMP_NS, DUCK_ENUM, DUCK_LIST, DUCK_STRUCT, DUCK_MAP, DUCK_UUID, DUCK_UNION, DUCK_BIT,
  DUCK_TIME_TZ, DUCK_TIMESTAMP_TZ, DUCK_UHUGEINT, DUCK_ARRAY
};
enum duck_statement {
  DUCK_ST_INVALID, DUCK_ST_SELECT, DUCK_ST_INSERT, DUCK_ST_UPDATE, DUCK_ST_EXPLAIN, DUCK_ST_DELETE, DUCK_ST_PREPARE, DUCK_ST_CREATE,
  DUCK_ST_EXECUTE, DUCK_ST_ALTER, DUCK_ST_TRANSACTION, DUCK_ST_COPY, DUCK_ST_ANALYZE, DUCK_ST_VARIABLE_SET, DUCK_ST_CREATE_FUNC,
  DUCK_ST_DROP, DUCK_ST_EXPORT, DUCK_ST_PRAGMA, DUCK_ST_VACUUM, DUCK_ST_CALL, DUCK_ST_SET, DUCK_ST_LOAD, DUCK_ST_RELATION,
  DUCK_ST_EXTENSION, DUCK_ST_LOGICAL_PLAN, DUCK_ST_ATTACH, DUCK_ST_DETACH, DUCK_ST_MULTI
};

/* X(return type, name without duckdb_, arguments) */
#define DUCK_CALLS(X) \
  X(const char *, library_version, (void)) \
  X(int, create_config, (duck_config *)) \
  X(int, set_config, (duck_config, const char *, const char *)) \
  X(void, destroy_config, (duck_config *)) \
  X(int, open_ext, (const char *, duck_db *, duck_config, char **)) \
  X(void, close, (duck_db *)) \
  X(int, connect, (duck_db, duck_conn *)) \
  X(void, disconnect, (duck_conn *)) \
  X(duck_progress, query_progress, (duck_conn)) \
  X(void, free, (void *)) \
  X(int, query, (duck_conn, const char *, duck_result *)) \
  X(void, destroy_result, (duck_result *)) \
  X(const char *, result_error, (duck_result *)) \
  X(uint64_t, column_count, (duck_result *)) \
  X(const char *, column_name, (duck_result *, uint64_t)) \
  X(duck_type, column_logical_type, (duck_result *, uint64_t)) \
  X(duck_chunk, fetch_chunk, (duck_result)) \
  X(uint64_t, extract_statements, (duck_conn, const char *, duck_extracted *)) \
  X(const char *, extract_statements_error, (duck_extracted)) \
  X(int, prepare_extracted_statement, (duck_conn, duck_extracted, uint64_t, duck_prepared *)) \
  X(void, destroy_extracted, (duck_extracted *)) \
  X(const char *, prepare_error, (duck_prepared)) \
  X(int, prepared_statement_type, (duck_prepared)) \
  X(uint64_t, prepared_statement_column_count, (duck_prepared)) \
  X(const char *, prepared_statement_column_name, (duck_prepared, uint64_t)) \
  X(duck_type, prepared_statement_column_logical_type, (duck_prepared, uint64_t)) \
  X(void, destroy_prepare, (duck_prepared *)) \
  X(int, pending_prepared_streaming, (duck_prepared, duck_pending *)) \
  X(int, pending_execute_task, (duck_pending)) \
  X(const char *, pending_error, (duck_pending)) \
  X(int, execute_pending, (duck_pending, duck_result *)) \
  X(void, destroy_pending, (duck_pending *)) \
  X(int, get_type_id, (duck_type)) \
  X(char *, logical_type_get_alias, (duck_type)) \
  X(uint8_t, decimal_scale, (duck_type)) \
  X(int, decimal_internal_type, (duck_type)) \
  X(duck_type, create_logical_type, (int)) \
  X(duck_type, create_list_type, (duck_type)) \
  X(duck_type, create_map_type, (duck_type, duck_type)) \
  X(void, destroy_logical_type, (duck_type *)) \
  X(duck_chunk, create_data_chunk, (duck_type *, uint64_t)) \
  X(uint64_t, data_chunk_get_size, (duck_chunk)) \
  X(void, data_chunk_set_size, (duck_chunk, uint64_t)) \
  X(void, data_chunk_reset, (duck_chunk)) \
  X(duck_vector, data_chunk_get_vector, (duck_chunk, uint64_t)) \
  X(void, destroy_data_chunk, (duck_chunk *)) \
  X(void *, vector_get_data, (duck_vector)) \
  X(uint64_t *, vector_get_validity, (duck_vector)) \
  X(void, vector_ensure_validity_writable, (duck_vector)) \
  X(void, validity_set_row_invalid, (uint64_t *, uint64_t)) \
  X(void, vector_assign_string_element_len, (duck_vector, uint64_t, const char *, uint64_t)) \
  X(duck_vector, list_vector_get_child, (duck_vector)) \
  X(int, list_vector_reserve, (duck_vector, uint64_t)) \
  X(int, list_vector_set_size, (duck_vector, uint64_t)) \
  X(duck_vector, struct_vector_get_child, (duck_vector, uint64_t)) \
  X(int, appender_create_ext, (duck_conn, const char *, const char *, const char *, duck_appender *)) \
  X(int, append_data_chunk, (duck_appender, duck_chunk)) \
  X(const char *, appender_error, (duck_appender)) \
  X(int, appender_close, (duck_appender)) \
  X(int, appender_destroy, (duck_appender *)) \
  X(duck_function, create_table_function, (void)) \
  X(void, destroy_table_function, (duck_function *)) \
  X(void, table_function_set_name, (duck_function, const char *)) \
  X(void, table_function_set_bind, (duck_function, void (*)(duck_bind))) \
  X(void, table_function_set_init, (duck_function, void (*)(duck_init))) \
  X(void, table_function_set_function, (duck_function, void (*)(duck_call, duck_chunk))) \
  X(int, register_table_function, (duck_conn, duck_function)) \
  X(void, bind_add_result_column, (duck_bind, const char *, duck_type)) \
  X(void, bind_set_error, (duck_bind, const char *)) \
  X(void, function_set_error, (duck_call, const char *))

struct duck {
  void *lib;
#define DUCK_FIELD(ret, name, args) ret (*name) args;
  DUCK_CALLS(DUCK_FIELD)
#undef DUCK_FIELD
};

#endif
