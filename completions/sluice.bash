# sluice.bash: made by sluice --generate; do not edit
_sluice()
{
  local cur=${COMP_WORDS[COMP_CWORD]} first='' last='' value_options=' -w --workspace -c --connection -o --output --config --as --threads --filter --sort --columns --limit'
  local line=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
  local options=' -w --workspace -c --connection -o --output --config --read-only --as --no-input --partial-ok --threads --low-bandwidth -h --help --version' args='' cmd='' kind='' before='' word i n=0 ws=''
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
    --threads) kind='none' ;;
    --filter) kind='none' ;;
    --sort) kind='none' ;;
    --columns) kind='none' ;;
    --limit) kind='none' ;;
  esac
  case $cmd in
    get) args='resource scope' options="$options --filter --sort --columns --limit --watch --deleted" ;;
    config) args='=show,validate,schema file' options="$options" ;;
    describe) args='resource id' options="$options --columns" ;;
    audit) args='=list,verify,export' options="$options --filter --sort --columns --limit --records" ;;
    init) args='none' options="$options" ;;
    trust) args='file' options="$options" ;;
    info) args='' options="$options --columns" ;;
    doctor) args='' options="$options --columns" ;;
  esac
  COMPREPLY=()
  if [[ -z $kind && $cur == -* ]]; then
    COMPREPLY=($(compgen -W "$options" -- "$cur"))
    return
  fi
  if [[ -z $kind && -z $cmd ]]; then
    COMPREPLY=($(compgen -W 'get config describe audit init trust info doctor' -- "$cur"))
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
