#!/usr/bin/env node
import * as nodeModule from "node:module";
import { fileURLToPath } from "node:url";

// Beside the code, not in the shared temporary folder: whoever may write this cache could change the code anyway.
nodeModule.enableCompileCache?.(fileURLToPath(new URL("../node_modules/.cache/compile", import.meta.url)));

const { main } = await import("../dist/cli.js");
await main(process);
