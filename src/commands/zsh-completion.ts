import { type CompletionModel, type Place, valuePlaces } from "./completion-model.ts";

/** Both as a file `_countersign` in $fpath and by `source`. */
export const zshCompletion = (model: CompletionModel): string => `#compdef countersign
# source <(countersign completion zsh)
_countersign_takes_value() {
  case "$1" in
${valuePlaces(model)
  .map(([place]) => `    ('${place}') return 0 ;;`)
  .join("\n")}
  esac
  return 1
}

_countersign() {
  local command="$words[2]" previous="$words[CURRENT-1]"
  integer at operands=0
  local -a found
  if (( CURRENT == 2 )); then
    found=(${model.map(({ name, about }) => described(name, about)).join(" ")})
    _describe command found
    return
  fi
  case "$command $previous" in
${valuePlaces(model)
  .map(([place, value]) => `    ('${place}') ${reply(value)}; return ;;`)
  .join("\n")}
  esac
  if [[ "$words[CURRENT]" == -* ]]; then
    case "$command" in
${model.map(({ name, options }) => `      (${name}) found=(${options.map((option) => described(option.name, option.about)).join(" ")}) ;;`).join("\n")}
    esac
    _describe -o option found
    return
  fi
  for (( at = 3; at < CURRENT; at++ )); do
    case "$words[at]" in
      (-*) _countersign_takes_value "$command $words[at]" && (( at++ )) ;;
      (*) (( operands++ )) ;;
    esac
  done
  case "$command $operands" in
${model.flatMap(({ name, operands }) => operands.flatMap((place, index) => (place === "unknown" ? [] : [`    ('${name} ${index}') ${reply(place)} ;;`]))).join("\n")}
  esac
}

if [[ "$funcstack[1]" == _countersign ]]; then
  _countersign "$@"
else
  compdef _countersign countersign
fi
`;

/** What `_describe` takes: a colon divides the word from what is said of it. */
const described = (word: string, about: string): string => quote(`${word.replaceAll(":", "\\:")}:${about}`);

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function reply(place: Place): string {
  if (place === "unknown") return "_message value";
  return place === "file" ? "_files" : `found=(${place.join(" ")}); _describe value found`;
}
