// Loaded into a process that is measured: writes what it used of processor and memory into the file that USAGE_FILE names.

import { writeFileSync } from "node:fs";

const { USAGE_FILE } = process.env;
process.on("exit", () => {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  writeFileSync(USAGE_FILE, JSON.stringify({ seconds: (userCPUTime + systemCPUTime) / 1e6, megabytes: maxRSS / 1024 }));
});
