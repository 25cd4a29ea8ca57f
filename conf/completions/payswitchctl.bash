# bash completion of payswitchctl. Made by `payswitchctl completion bash`; do not edit.
_payswitchctl() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" command="" count=0 i options="" words=""
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "${COMP_WORDS[i]}" in
      --socket|--plugins) i=$((i + 1)) ;;
      -*) ;;
      *) [ $count -lt 2 ] && command="${command:+$command }${COMP_WORDS[i]}" && count=$((count + 1))
         case "$command" in status|health|explain|completion|connector) count=2 ;; esac ;;
    esac
  done
  case "$previous" in
    --socket) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --plugins) COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  case "$command $previous" in
    "account freeze --side") COMPREPLY=($(compgen -W "debit credit both" -- "$current")); return ;;
    "transfer list --state") COMPREPLY=($(compgen -W "held submitted in_doubt completed rejected voided expired cancelled" -- "$current")); return ;;
    "transfer resolve --evidence") COMPREPLY=($(compgen -f -- "$current")); return ;;
    "repair collect --evidence") COMPREPLY=($(compgen -f -- "$current")); return ;;
    "repair refund --evidence") COMPREPLY=($(compgen -f -- "$current")); return ;;
    "repair write-off --evidence") COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ $count -eq 0 ] && [[ $current != -* ]]; then COMPREPLY=($(compgen -W "status health account transfer repair in-doubt peer key connector plugin config routes ledger log explain completion" -- "$current")); return; fi
  if [ $count -eq 1 ] && [[ $current != -* ]]; then
    case "$command" in
      account) COMPREPLY=($(compgen -W "open show list freeze unfreeze close postings" -- "$current")); return ;;
      transfer) COMPREPLY=($(compgen -W "show list cancel void reverse resolve" -- "$current")); return ;;
      repair) COMPREPLY=($(compgen -W "list show collect refund write-off" -- "$current")); return ;;
      in-doubt) COMPREPLY=($(compgen -W "list" -- "$current")); return ;;
      peer) COMPREPLY=($(compgen -W "list show test close open accept-ledger rotate-key" -- "$current")); return ;;
      key) COMPREPLY=($(compgen -W "create list revoke" -- "$current")); return ;;
      plugin) COMPREPLY=($(compgen -W "list inspect help sample" -- "$current")); return ;;
      config) COMPREPLY=($(compgen -W "show" -- "$current")); return ;;
      routes) COMPREPLY=($(compgen -W "explain" -- "$current")); return ;;
      ledger) COMPREPLY=($(compgen -W "verify" -- "$current")); return ;;
      log) COMPREPLY=($(compgen -W "level" -- "$current")); return ;;
    esac
  fi
  case "$command" in
    "status") options="" words="" ;;
    "health") options="" words="" ;;
    "account open") options="--owner --currency --number --overdraft-limit --max-balance --key" words="" ;;
    "account show") options="" words="" ;;
    "account list") options="--owner --after --limit" words="" ;;
    "account freeze") options="--side" words="" ;;
    "account unfreeze") options="" words="" ;;
    "account close") options="" words="" ;;
    "account postings") options="--after --limit" words="" ;;
    "transfer show") options="" words="" ;;
    "transfer list") options="--state --bank --reference --after --limit" words="" ;;
    "transfer cancel") options="" words="" ;;
    "transfer void") options="" words="" ;;
    "transfer reverse") options="--amount --consent --key" words="" ;;
    "transfer resolve") options="--completed --voided --evidence --confirm" words="" ;;
    "repair list") options="--after --limit" words="" ;;
    "repair show") options="" words="" ;;
    "repair collect") options="--evidence --confirm" words="" ;;
    "repair refund") options="--evidence --confirm" words="" ;;
    "repair write-off") options="--evidence --confirm" words="" ;;
    "in-doubt list") options="--bank --after --limit" words="" ;;
    "peer list") options="" words="" ;;
    "peer show") options="" words="" ;;
    "peer test") options="" words="" ;;
    "peer close") options="" words="" ;;
    "peer open") options="" words="" ;;
    "peer accept-ledger") options="--ledger" words="" ;;
    "peer rotate-key") options="--id --file" words="list new use" ;;
    "key create") options="--principal --scopes --expires --network" words="" ;;
    "key list") options="--principal" words="" ;;
    "key revoke") options="" words="" ;;
    "connector") options="--confirm" words="" ;;
    "plugin list") options="" words="" ;;
    "plugin inspect") options="--no-load" words="FILE" ;;
    "plugin help") options="--type" words="FILE" ;;
    "plugin sample") options="--type" words="FILE" ;;
    "config show") options="--origin" words="" ;;
    "routes explain") options="--to --amount --currency --from" words="" ;;
    "ledger verify") options="--plugin" words="FILE" ;;
    "log level") options="" words="debug info notice warning error" ;;
    "explain") options="" words="" ;;
    "completion") options="" words="bash" ;;
  esac
  if [[ $current == -* ]]; then COMPREPLY=($(compgen -W "$options --json --yes --socket --plugins --help" -- "$current"))
  elif [ "$words" = FILE ]; then COMPREPLY=($(compgen -f -- "$current"))
  elif [ -n "$words" ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); fi
}
complete -o default -F _payswitchctl payswitchctl
