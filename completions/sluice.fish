# sluice.fish: made by sluice --generate; do not edit
complete -c sluice -f
complete -c sluice -s w -l workspace -x -a '(sluice --complete workspace 2>/dev/null)' -d 'a name, a file, or a folder that holds sluice.yaml; else SLUICE_WORKSPACE, the setting `workspace` of config.yaml, the only one there is'
complete -c sluice -s c -l connection -x -a '(sluice --complete connection 2>/dev/null)' -d 'ask this connection only'
complete -c sluice -s o -l output -x -a 'table json ndjson csv' -d 'table, json (one array of objects), ndjson (an object a line) or csv'
complete -c sluice -l config -r -d 'your own settings instead of $XDG_CONFIG_HOME/sluice/config.yaml'
complete -c sluice -s h -l help -d 'what there is, or what a command takes'
complete -c sluice -l version -d 'the version, and what it was built from'
complete -c sluice -n __fish_use_subcommand -a info -d 'where everything is: workspace, files, folders, version'
complete -c sluice -n '__fish_seen_subcommand_from info' -l columns -x -d 'print these columns, in this order; '\''metrics.*'\'' stands for all keys of a family'
complete -c sluice -n __fish_use_subcommand -a doctor -d 'whether everything that the console needs is there'
complete -c sluice -n '__fish_seen_subcommand_from doctor' -l columns -x -d 'print these columns, in this order; '\''metrics.*'\'' stands for all keys of a family'
