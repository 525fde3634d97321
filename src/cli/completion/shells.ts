/** Completion as the shells want it. The words are settled here, so no key waits for Node. */

export interface Place {
  /** The commands that lead there; none for the program itself. */
  readonly path: readonly string[];
  readonly words: readonly { readonly word: string; readonly meaning: string }[];
}

/** How far the words before the cursor lead: what is no command is an argument, and passed over. */
export function printBash(places: readonly Place[]): string {
  const cases = places.map(({ path, words }) => {
    return `    ${quote(keyOf(path))}) words=${quote(words.map(({ word }) => word).join(' '))} ;;`;
  });
  return `_meridian() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' word words=''
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    case "$path $word" in
      ${commandsOf(places).map(quote).join(' | ')}) path="$path $word" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _meridian meridian
`;
}

/** zsh runs functions that were written for bash. */
export function printZsh(places: readonly Place[]): string {
  return `autoload -U +X compinit && compinit
autoload -U +X bashcompinit && bashcompinit
${printBash(places)}`;
}

export function printFish(places: readonly Place[]): string {
  const lines = places.flatMap(({ path, words }) => {
    const here = `complete -c meridian -n ${quoteFish(`__meridian_at ${quote(keyOf(path))}`)}`;
    return words.map(({ word, meaning }) => {
      const said = `-d ${quoteFish(meaning)}`;
      return word.startsWith('--')
        ? `${here} -l ${word.slice(2)} ${said}`
        : `${here} -f -a ${word} ${said}`;
    });
  });
  return `function __meridian_at
  set -l path ''
  for word in (commandline -opc)[2..]
    switch "$path $word"
      case ${commandsOf(places).map(quoteFish).join(' ')}
        set path "$path $word"
    end
  end
  test "$path" = "$argv[1]"
end
${lines.join('\n')}
`;
}

/** A blank before each command, so that none is the beginning of another one's. */
function keyOf(path: readonly string[]): string {
  return path.map((word) => ` ${word}`).join('');
}

function commandsOf(places: readonly Place[]): string[] {
  return places.flatMap(({ path }) => (path.length > 0 ? [keyOf(path)] : []));
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function quoteFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
