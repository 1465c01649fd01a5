#!/usr/bin/env bash
# tools/torture.sh [CTEST-ARG...]: every scenario, every allocation and every read, write and connect failing in turn.
# SLUICE_TORTURE=exhaustive, as ./run test --all has it, takes fewer sites of the scenarios that start processes.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
SLUICE_TORTURE=${SLUICE_TORTURE:-all} exec ctest --test-dir build/dev -L torture -j "$jobs" --no-tests=error --output-on-failure "$@"
