import { setupError } from "../../errors.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { printResult } from "../print.js";
import { shells } from "../shell-words.js";

export const completionCommand = defineCommand({
  name: "completion",
  group: "Reference commands:",
  summary: "print the script with which a shell completes",
  description:
    "Prints a script for a shell, which then completes commands, options and their values, and the names of tokens, users, owners, clients and permissions in the database. Use it in the shell's own start-up file. Completing reads the database as every command would, changes nothing, and keeps quiet about what can't be read.",
  argument: {
    terms: "<shell>",
    description: "bash (4.3 or later), zsh, fish or powershell",
    completes: { values: shells },
  },
  options: {},
  examples: [
    { purpose: "Write the script for Bash, to be sourced", command: "vtb-setup completion bash > vtb-setup.bash" },
    { purpose: "Write that for PowerShell", command: "vtb-setup completion powershell > vtb-setup.ps1" },
  ],
  statuses: [],
  pages: ["command-line.md#completion"],
  run: async (context, _settings, [name = ""]) => {
    const shell = shells.find((each) => each === name);
    if (shell === undefined) {
      const hint = `write ${shells.slice(0, -1).join(", ")} or ${shells.at(-1)}`;
      throw setupError("usage", "COMMAND_LINE", "there is no completion for this shell", hint);
    }
    const { completionScripts } = await import("../completion-scripts.js");
    await printResult(context, { kind: "text", text: completionScripts[shell] });
    return exitStatus.done;
  },
});
