import { createInterface } from "node:readline/promises";
import { runInProcess } from "./command-in-process.mjs";

// Each line of standard input is a list of commands. They run one after the other in this process; a line with the list of their
// results follows.
for await (const line of createInterface({ input: process.stdin })) {
  const results = [];
  for (const { args, cwd, env } of JSON.parse(line)) {
    results.push(await runInProcess(args, { cwd, env }));
  }
  process.stdout.write(`${JSON.stringify(results)}\n`);
}
