// The least that a program costs which reads its command line with commander.

import { Command } from "commander";

await new Command("least").addCommand(new Command("run").action(() => {})).parseAsync(["run"], { from: "user" });
