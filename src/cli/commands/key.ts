import type { KeyStatus } from "../../operations/sealing-key.js";
import { actorOf } from "../actor.js";
import { defineCommand } from "../command.js";
import { exitStatus } from "../exit-status.js";
import { actorOptions, databaseOptions, lockingOptions, outputOptions, required } from "../options.js";
import { type Printed, printChanges, printResult } from "../print.js";

export const keyGroup = {
  name: "key",
  group: "Key commands:",
  summary: "show and change the sealing key",
  description:
    "The sealing key encrypts what the database must be able to give back in clear, such as the secrets of OpenID Connect clients.",
} as const;

export const keyStatusCommand = defineCommand({
  name: "key status",
  group: "Key commands:",
  summary: "show which key seals how many values",
  description:
    "Shows the sealing keys that this program has and those that the database's values are sealed with, each by its fingerprint, never the key itself: where it was read from, how many values it seals, and whether it can be removed. Use it before and after changing the key. Ends with 4 where a value can't be opened.",
  options: { ...databaseOptions, ...outputOptions },
  examples: [
    { purpose: "Show the keys of the default database", command: "vtb-setup key status" },
    {
      purpose: "In a script: list the keys that can be removed",
      command: "vtb-setup key status --output json",
    },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#key-status", "database.md#the-sealing-key", "operations.md#change-the-sealing-key"],
  run: async (context, settings) => {
    const [{ keyStatus }, { showDiagnostics }, { renderKeys, keysToJson }] = await Promise.all([
      import("../../operations/sealing-key.js"),
      import("../show-diagnostics.js"),
      import("../../report/keys.js"),
    ]);
    const { terminal } = context;
    const status: KeyStatus = await keyStatus(await lockingOptions(context, settings));
    showDiagnostics(context, status.diagnostics, settings);
    if (settings.output === "json") await printResult(context, { kind: "json", value: keysToJson(status) });
    else await printResult(context, { kind: "text", text: renderKeys(status, terminal.outPaint) });
    const isOpen = status.diagnostics.every(({ severity }) => severity !== "error");
    return isOpen ? exitStatus.done : exitStatus.refused;
  },
});

export const keyRotateCommand = defineCommand({
  name: "key rotate",
  group: "Key commands:",
  summary: "seal every value with a new key",
  description:
    "Seals every sealed value of the database again with a new key, in one transaction. It is the second of two steps: first give the new key to every program that reads the database, in front of the old one. Use it when the key may be known to others; afterwards key status shows that the old one can be removed.",
  options: {
    newKeyFile: required("database", "--new-key-file <file>", "the file whose first key is the new one"),
    ...databaseOptions,
    ...actorOptions,
    ...outputOptions,
  },
  examples: [
    {
      purpose: "Once the file beside the database has the new key on its first line",
      command: "vtb-setup key rotate --new-key-file vtb-auth.db.key",
    },
    {
      purpose: "On a server that VTB_SETUP_DATABASE names, with both keys in a Secret",
      command: "vtb-setup key rotate --new-key-file /run/secrets/keys",
    },
  ],
  statuses: ["invalid", "refused", "unavailable"],
  pages: ["command-line.md#key-rotate", "database.md#the-sealing-key", "operations.md#change-the-sealing-key"],
  run: async (context, settings) => {
    const [{ rotateKey }, { showDiagnostics }, { renderRotation, rotationToJson }] = await Promise.all([
      import("../../operations/sealing-key.js"),
      import("../show-diagnostics.js"),
      import("../../report/keys.js"),
    ]);
    const options = await lockingOptions(context, settings);
    const result = await rotateKey({ ...options, newKeyFile: settings.newKeyFile, ...actorOf(settings.actor) });
    const print = (): Printed => {
      showDiagnostics(context, result.diagnostics, settings);
      if (settings.output === "json") return { kind: "json", value: rotationToJson(result) };
      return { kind: "text", text: renderRotation(result) };
    };
    if (result.outcome === "applied") await printChanges(context, print, []);
    else await printResult(context, print());
    return exitStatus.done;
  },
});
