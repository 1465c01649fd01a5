#!/usr/bin/env bash
# tools/torture.sh [CTEST-ARG...]: every scenario, every allocation and every read, write and connect failing in turn.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SLUICE_TORTURE=exhaustive exec ctest --test-dir build/torture -L torture -j "$jobs" --no-tests=error --output-on-failure "$@"
