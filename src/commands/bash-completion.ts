import { type CompletionModel, type Place, valuePlaces } from "./completion-model.ts";

/** No bash newer than 3.2 needed, which is macOS's. */
export const bashCompletion = (model: CompletionModel): string => `# source <(countersign completion bash)
_countersign_words() { COMPREPLY=($(compgen -W "$1" -- "$2")); }

_countersign_files() {
  local IFS=$'\\n'
  compopt -o filenames 2>/dev/null
  COMPREPLY=($(compgen -f -- "$1"))
}

_countersign_takes_value() {
  case "$1" in
${valuePlaces(model)
  .map(([place]) => `    "${place}") ;;`)
  .join("\n")}
    *) return 1 ;;
  esac
}

_countersign() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}"
  local at operands=0
  COMPREPLY=()
  if [ "$COMP_CWORD" -eq 1 ]; then
    _countersign_words "${model.map(({ name }) => name).join(" ")}" "$current"
    return
  fi
  case "$command $previous" in
${valuePlaces(model)
  .map(([place, value]) => `    "${place}") ${[...reply(value), "return"].join("; ")} ;;`)
  .join("\n")}
  esac
  case "$command $current" in
${model.map(({ name, options }) => `    "${name} -"*) _countersign_words "${options.map((option) => option.name).join(" ")}" "$current"; return ;;`).join("\n")}
  esac
  for ((at = 2; at < COMP_CWORD; at++)); do
    case "\${COMP_WORDS[at]}" in
      -*) if _countersign_takes_value "$command \${COMP_WORDS[at]}"; then at=$((at + 1)); fi ;;
      *) operands=$((operands + 1)) ;;
    esac
  done
  case "$command $operands" in
${model.flatMap(({ name, operands }) => operands.flatMap((place, index) => (place === "unknown" ? [] : [`    "${name} ${index}") ${reply(place).join("; ")} ;;`]))).join("\n")}
  esac
}

complete -F _countersign countersign
`;

function reply(place: Place): readonly string[] {
  if (place === "unknown") return [];
  return [place === "file" ? '_countersign_files "$current"' : `_countersign_words "${place.join(" ")}" "$current"`];
}
