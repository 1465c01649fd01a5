# sluice.bash: made by sluice --generate; do not edit
_sluice()
{
  local cur=${COMP_WORDS[COMP_CWORD]} first='' last='' value_options=' -w --workspace -c --connection -o --output --config --as --confirm --threads --record --replay --filter --sort --columns --limit --group-by --view --save-view --type --name -p --out --rows --baseline --current --tests --profile --by --last --persist --engine --fail-share --model --data --label --outputs --to --alias --comment --expect --artifact --metric --report --against --slice --sample --dir'
  local line=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
  local options=' -w --workspace -c --connection -o --output --config --read-only --as --no-input --dry-run --confirm --partial-ok --threads --low-bandwidth --record --with-data --replay -h --help --version' args='' cmd='' kind='' before='' word i n=0 ws=''
  for word in "${line[@]}"; do
    if [[ -n $before ]]; then
      [[ $before == -w || $before == --workspace ]] && ws=$word
      before=''
      continue
    fi
    case " $value_options " in
      *" $word "*) before=$word; continue ;;
    esac
    [[ $word == --workspace=* ]] && ws=${word#*=}
    [[ $word == -* ]] && continue
    if [[ -z $cmd ]]; then cmd=$word; else n=$((n + 1)); last=$word; [[ $n == 1 ]] && first=$word; fi
  done
  case $before in
    -w|--workspace) kind='workspace' ;;
    -c|--connection) kind='connection' ;;
    -o|--output) kind='=table json ndjson csv' ;;
    --config) kind='file' ;;
    --as) kind='none' ;;
    --confirm) kind='none' ;;
    --threads) kind='none' ;;
    --record) kind='file' ;;
    --replay) kind='file' ;;
    --filter) kind='none' ;;
    --sort) kind='none' ;;
    --columns) kind='none' ;;
    --limit) kind='none' ;;
    --group-by) kind='none' ;;
    --view) kind='view' ;;
    --save-view) kind='none' ;;
    --type) kind='type' ;;
    --name) kind='none' ;;
    -p) kind='none' ;;
    --out) kind='uri' ;;
    --rows) kind='none' ;;
    --baseline) kind='uri' ;;
    --current) kind='uri' ;;
    --tests) kind='none' ;;
    --profile) kind='=evidently nannyml monitor deequ' ;;
    --by) kind='=partition' ;;
    --last) kind='none' ;;
    --persist) kind='none' ;;
    --engine) kind='=local pushdown' ;;
    --fail-share) kind='none' ;;
    --model) kind='uri' ;;
    --data) kind='uri' ;;
    --label) kind='none' ;;
    --outputs) kind='=raw probability class leaf' ;;
    --to) kind='none' ;;
    --alias) kind='none' ;;
    --comment) kind='none' ;;
    --expect) kind='none' ;;
    --artifact) kind='none' ;;
    --metric) kind='none' ;;
    --report) kind='file' ;;
    --against) kind='uri' ;;
    --slice) kind='none' ;;
    --sample) kind='none' ;;
    --dir) kind='folder' ;;
  esac
  case $cmd in
    get) args='resource scope' options="$options --filter --sort --columns --limit --group-by --view --save-view --watch --deleted" ;;
    view) args='=list,delete resource view' options="$options" ;;
    ls) args='uri' options="$options --filter --sort --columns --limit" ;;
    cat) args='uri' options="$options" ;;
    head) args='uri' options="$options --columns --limit" ;;
    schema) args='uri' options="$options --filter --sort --columns --limit" ;;
    profile) args='uri' options="$options --filter --sort --columns --limit --replace --out --engine" ;;
    freshness) args='zone' options="$options --filter --sort --columns --limit" ;;
    sql) args='none' options="$options --filter --sort --columns --limit --replace --out --rows" ;;
    drift) args='file' options="$options --columns --replace --out --partial --merge --baseline --current --tests --profile --by --last --persist --engine --fail-share --model --report" ;;
    score) args='file' options="$options --filter --columns --limit --replace --out --partial --merge --model --data --label --outputs --report --against --slice --sample" ;;
    run) args='job' options="$options --detach -p" ;;
    stop) args='execution' options="$options" ;;
    retry) args='execution' options="$options --detach" ;;
    logs) args='execution' options="$options --filter --sort --columns --limit -f --follow" ;;
    cp) args='uri' options="$options --replace" ;;
    rm) args='uri' options="$options" ;;
    act) args='none none' options="$options -p" ;;
    connect) args='uri' options="$options --type --name" ;;
    login) args='connection' options="$options --forget" ;;
    config) args='=show,validate,schema file' options="$options" ;;
    describe) args='resource id' options="$options --columns" ;;
    compare) args='run' options="$options --filter --sort --columns --limit --all --artifact --metric --report" ;;
    request) args='version' options="$options --to --comment" ;;
    approve) args='version' options="$options --to --comment --expect --break-glass" ;;
    reject) args='version' options="$options --to --comment" ;;
    rollback) args='model' options="$options --alias --comment --expect" ;;
    gate) args='version' options="$options --filter --sort --columns --to" ;;
    audit) args='=list,verify,export' options="$options --filter --sort --columns --limit --records" ;;
    init) args='none' options="$options" ;;
    trust) args='file' options="$options" ;;
    info) args='' options="$options --columns" ;;
    doctor) args='' options="$options --columns" ;;
    demo) args='' options="$options --rows --dir --reset" ;;
  esac
  COMPREPLY=()
  if [[ -z $kind && $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  if [[ -z $kind && -z $cmd ]]; then
    COMPREPLY=($(compgen -W 'get view ls cat head schema profile freshness sql drift score run stop retry logs cp rm act connect login config describe compare request approve reject rollback gate audit init trust info doctor demo' -- "$cur"))
    return
  fi
  if [[ -z $kind ]]; then
    local kinds=($args)
    i=$n
    (( i >= ${#kinds[@]} )) && i=$((${#kinds[@]} - 1))
    (( i < 0 )) && return
    kind=${kinds[i]}
  fi
  case $kind in
    none) ;;
    file) compopt -o filenames; COMPREPLY=($(compgen -f -- "$cur")) ;;
    =*) COMPREPLY=($(compgen -W "$(tr , ' ' <<<"${kind#=}")" -- "$cur")) ;;
    *) local IFS=$'\n'
       COMPREPLY=($(compgen -W "$(command sluice ${ws:+-w "$ws"} --complete "$kind" "$first" 2>/dev/null)" -- "$cur"))
       if [[ $kind == uri ]]; then compopt -o filenames; COMPREPLY+=($(compgen -f -- "$cur")); fi
       __ltrim_colon_completions "$cur" 2>/dev/null ;;
  esac
}
complete -F _sluice sluice
