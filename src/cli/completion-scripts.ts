import { completeCommand } from "./candidates.js";
import type { Shell } from "./shell-words.js";

// Each script asks the program that is being typed, hands each word on as one argument, and never evaluates an answer.

const bash = `# Completion of vtb-setup for Bash 4.3 and later. Needs no package.
_vtb_setup() {
  local line word index kind answer
  local -a words=()
  # The cursor's position counts bytes.
  line=$(LC_ALL=C; printf '%s' "\${COMP_LINE:0:COMP_POINT}")
  # Bash breaks words at : and = too, which are parts of words here.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if ((index > 0)) && [[ $line != [[:space:]]* ]]; then
      ((index < COMP_CWORD)) || word=$line
      words[-1]+=$word
    else
      line=\${line#"\${line%%[![:space:]]*}"}
      ((index < COMP_CWORD)) || word=$line
      words+=("$word")
    fi
    line=\${line#"$word"}
  done
  COMPREPLY=()
  {
    IFS= read -r kind
    case $kind in
      files) compopt -o default ;;
      folders) compopt -o dirnames ;;
    esac
    while IFS=$'\\t' read -r answer _; do COMPREPLY+=("$answer"); done
  } < <("\${words[0]}" ${completeCommand} bash "$COMP_WORDBREAKS" "\${words[@]:1}" 2>/dev/null </dev/null)
}
complete -F _vtb_setup vtb-setup
`;

const zsh = `#compdef vtb-setup
# Completion of vtb-setup for Zsh; compinit must have run before.
_vtb_setup() {
  local -a before lines values shown
  local line
  before=("\${(@Q)words[2,CURRENT-1]}")
  ((CURRENT > 2)) || before=()
  lines=("\${(@f)$("\${(Q)words[1]}" ${completeCommand} zsh '' "\${before[@]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  case $lines[1] in
    files) compset -P '--[a-z-]#='; _files; return ;;
    folders) compset -P '--[a-z-]#='; _files -/; return ;;
  esac
  for line in "\${(@)lines[2,-1]}"; do
    values+=("\${line%%$'\\t'*}")
    shown+=("\${line/$'\\t'/  }")
  done
  (($#values)) && compadd -l -d shown -a values
}
if [[ $funcstack[1] == _vtb_setup ]]; then _vtb_setup "$@"; else compdef _vtb_setup vtb-setup; fi
`;

const fish = `# Completion of vtb-setup for fish.
function __vtb_setup_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l lines ($words[1] ${completeCommand} fish '' $words[2..-1] "$current" 2>/dev/null </dev/null)
    switch "$lines[1]"
        case files
            __fish_complete_path "$current"
        case folders
            __fish_complete_directories "$current" ''
        case '*'
            test (count $lines) -gt 1; and printf '%s\\n' $lines[2..-1]
    end
end
complete -c vtb-setup -f -a '(__vtb_setup_complete)'
`;

const powershell = `# Completion of vtb-setup for PowerShell.
Register-ArgumentCompleter -Native -CommandName vtb-setup -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $elements = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition })
    $program = $commandAst.CommandElements[0].Extent.Text
    $words = @($elements | Select-Object -Skip 1 | ForEach-Object {
        if ($_ -is [System.Management.Automation.Language.StringConstantExpressionAst]) { '.' + $_.Value } else { '.' + $_.Extent.Text }
    })
    $current = '.' + $wordToComplete.Trim("'", '"')
    & $program ${completeCommand} powershell ':' @words $current 2>$null | Select-Object -Skip 1 | ForEach-Object {
        $value, $description = $_ -split "\`t", 2
        if (-not $description) { $description = $value }
        [System.Management.Automation.CompletionResult]::new($value, $value, 'ParameterValue', $description)
    }
}
`;

/** The script of each shell. */
export const completionScripts: Readonly<Record<Shell, string>> = { bash, zsh, fish, powershell };
