/* box/ort_abi.h: the part of ONNX Runtime's C interface that is used here, declared by hand; private to this folder.
 *
 * The interface is one table of functions that only ever grows at its end, so a function's place in it is its name: the first column.
 * Nearly all return a status, NULL when all is well, else yours to release. */
#ifndef SL_BOX_ORT_ABI_H
#define SL_BOX_ORT_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef struct ort_status_ *ort_status;
typedef struct ort_env_ *ort_env;
typedef struct ort_session_ *ort_session;
typedef struct ort_options_ *ort_options;
typedef struct ort_run_options_ *ort_run_options;
typedef struct ort_value_ *ort_value;
typedef struct ort_memory_ *ort_memory;
typedef struct ort_allocator_ *ort_allocator;
typedef struct ort_type_ *ort_type;
typedef struct ort_shape_ *ort_shape;

struct ort_base { const void *(*api)(uint32_t version); const char *(*version)(void); };
/* OrtLoggingFunction; texts until it returns, from any thread of the library's. */
typedef void ort_log(void *user, int severity, const char *category, const char *id, const char *place, const char *text);

enum { ORT_API = 17 };         /* asked for: every library since 1.17 has it; one that lacks it would write to stderr */
enum { ORT_TENSOR = 1, ORT_SEQUENCE = 2, ORT_MAP = 3 };        /* what a value is */
enum { ORT_F32 = 1, ORT_U8 = 2, ORT_I32 = 6, ORT_I64 = 7, ORT_STRING = 8, ORT_BOOL = 9, ORT_F64 = 11 };      /* what a tensor holds */
enum { ORT_LOG_ERROR = 3, ORT_OPTIMIZE_ALL = 99, ORT_ARENA = 1, ORT_MEMORY_DEFAULT = 0 };
enum { ORT_E_PROTOBUF = 7, ORT_E_NOT_IMPLEMENTED = 9, ORT_E_GRAPH = 10 };                         /* codes of a status */

#define ORT_CALLS(X) \
  X(1, int, error_code, (ort_status)) \
  X(2, const char *, error_message, (ort_status)) \
  X(4, ort_status, create_env, (ort_log *, void *, int severity, const char *id, ort_env *)) \
  X(6, ort_status, no_telemetry, (ort_env)) \
  X(8, ort_status, create_session, (ort_env, const void *, size_t, ort_options, ort_session *)) \
  X(9, ort_status, run, (ort_session, ort_run_options, const char *const *, const ort_value *, size_t, const char *const *, size_t, \
                         ort_value *)) \
  X(10, ort_status, create_options, (ort_options *)) \
  X(23, ort_status, set_optimization, (ort_options, int)) \
  X(24, ort_status, set_threads, (ort_options, int)) \
  X(30, ort_status, input_count, (ort_session, size_t *)) \
  X(31, ort_status, output_count, (ort_session, size_t *)) \
  X(33, ort_status, input_type, (ort_session, size_t, ort_type *)) \
  X(34, ort_status, output_type, (ort_session, size_t, ort_type *)) \
  X(36, ort_status, input_name, (ort_session, size_t, ort_allocator, char **)) \
  X(37, ort_status, output_name, (ort_session, size_t, ort_allocator, char **)) \
  X(39, ort_status, create_run_options, (ort_run_options *)) \
  X(46, ort_status, terminate, (ort_run_options)) \
  X(48, ort_status, new_tensor, (ort_allocator, const int64_t *, size_t, int type, ort_value *)) \
  X(49, ort_status, tensor_over, (ort_memory, void *, size_t, const int64_t *, size_t, int type, ort_value *)) \
  X(51, ort_status, tensor_data, (ort_value, void **)) \
  X(52, ort_status, fill_strings, (ort_value, const char *const *, size_t)) \
  X(53, ort_status, strings_bytes, (ort_value, size_t *)) \
  X(54, ort_status, strings, (ort_value, void *, size_t, size_t *, size_t)) \
  X(55, ort_status, as_tensor, (ort_type, ort_shape *)) \
  X(56, ort_status, kind_of_type, (ort_type, int *)) \
  X(60, ort_status, element_type, (ort_shape, int *)) \
  X(61, ort_status, dimensions, (ort_shape, size_t *)) \
  X(62, ort_status, get_dimensions, (ort_shape, int64_t *, size_t)) \
  X(64, ort_status, elements, (ort_shape, size_t *)) \
  X(65, ort_status, shape_of_value, (ort_value, ort_shape *)) \
  X(67, ort_status, kind_of_value, (ort_value, int *)) \
  X(69, ort_status, create_memory, (int allocator, int kind, ort_memory *)) \
  X(76, ort_status, allocator_free, (ort_allocator, void *)) \
  X(78, ort_status, default_allocator, (ort_allocator *)) \
  X(80, ort_status, value_at, (ort_value, int, ort_allocator, ort_value *)) \
  X(81, ort_status, value_count, (ort_value, size_t *)) \
  X(93, void, release_status, (ort_status)) \
  X(94, void, release_memory, (ort_memory)) \
  X(95, void, release_session, (ort_session)) \
  X(96, void, release_value, (ort_value)) \
  X(97, void, release_run_options, (ort_run_options)) \
  X(98, void, release_type, (ort_type)) \
  X(99, void, release_shape, (ort_shape)) \
  X(100, void, release_options, (ort_options)) \
  X(130, ort_status, set_config, (ort_options, const char *key, const char *value))

#endif
