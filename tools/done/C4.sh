# C4: the loaders' fuzzers ran an hour in all without a finding (tests/fuzz/LOG: target, commit, seconds, executions, new edges, findings);
# a finding counts until a later run of that target was clean. The pickle interpreter has no way to call.
. "$(dirname "$0")/lib.sh"
loaders="xgb_json_read xgb_ubj_read xgb_binf_read lgb_read pickle_read skops_read npy_read treew_read mlmodel_read mxnet_read sm_read"
loaders+=" sm_linear_read onnx_read image_page_read"
log=tests/fuzz/LOG
if [ -s "$log" ]; then
  awk -F '\t' -v loaders="$loaders" '
    BEGIN { n = split(loaders, l, " "); for (i = 1; i <= n; i++) is[l[i]] = 1 }
    /^#/ || !is[$1] { next }
    $6 == 0 && $4 > 0 { seconds += $3; runs += $4; edges += $5; bad[$1] = 0; had[$1] = 1; next }
    { bad[$1] = 1; had[$1] = 1 }
    END {
      for (i = 1; i <= n; i++) if (!had[l[i]]) { print "MISSED the fuzzer of " l[i] " never ran"; missed = 1 }
      for (t in bad) if (bad[t]) { print "MISSED a finding of " t " without a clean run after it"; missed = 1 }
      print (seconds >= 3600 && !missed ? "ok" : "MISSED") " fuzzed " seconds " s of 3600, " runs " executions, " edges " new edges"
    }' "$log"
else
  not_run "there is no $log: ./run fuzz NAME --minutes N writes it"
fi
objects=$(find build/release/src -name 'pickle*.c.o' -o -name 'skl_*.c.o' | sort)
calls='exec[a-z]*|system|popen|v?fork|dlopen|dlsym|posix_spawn[a-z]*|open(at)?(64)?|fopen(64)?|socket|connect'
reach=$(for o in $objects; do nm -u "$o"; done | awk '{ print $2 }' | grep -xE "$calls" | sort -u)
if [ -z "$objects" ]; then missed "the pickle interpreter's object files are not there"
elif ! python3 tests/lint/no_way_to_call.py build/release >"$DONE_WORK/reach.txt" 2>&1; then missed "$(head -n 1 "$DONE_WORK/reach.txt")"
elif [ -n "$reach" ]; then missed "the pickle interpreter links $(tr '\n' ' ' <<<"$reach")"
else ok "the pickle interpreter: $(wc -l <<<"$objects") object files, none links a call that starts, loads or opens anything"; fi
