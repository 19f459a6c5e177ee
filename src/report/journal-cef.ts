import { escapeControls } from "../characters.js";
import type { JournalEntry } from "../operations/read-journal.js";
import { maskRandom } from "../secrets/random-looking.js";
import { changeId } from "./journal.js";
import { withoutSecrets } from "./json.js";

const severities = { create: 3, update: 3, delete: 5 } as const;
const done = { create: "Created", update: "Updated", delete: "Deleted" } as const;
// The limits of ArcSight's Common Event Format for custom strings and for the message.
const maxCustom = 4000;
const maxMessage = 1023;

/** A change as a line in ArcSight's Common Event Format (implementation standard, version 0). */
export function journalToCef(entry: JournalEntry): string {
  const { run, action, kind, key, fields } = entry;
  const names = fields.map(({ name }) => name).join(", ");
  const header = [
    "CEF:0",
    "vtb-setup",
    "vtb-setup",
    run.version,
    `${action}:${kind}`,
    `${done[action]} ${kind}`,
    String(severities[action]),
  ];
  const extension: readonly (readonly [key: string, value: string | number | null])[] = [
    ["rt", Date.parse(run.at)],
    ["externalId", changeId(entry)],
    ["act", action],
    ["suser", run.actor],
    ["suid", run.actorUserId],
    ["msg", `${done[action]} ${kind} ${key}${names === "" ? "" : `: ${names}`}`.slice(0, maxMessage)],
    ...custom(1, "kind", kind),
    ...custom(2, "name", key),
    ...custom(3, "run", run.id),
    ...custom(4, "through", run.through),
    ...custom(5, "fields", JSON.stringify(withoutSecrets(fields))),
    ...custom(6, "claimedActor", run.claimedActor),
    ["cn1Label", run.number === null ? null : "runNumber"],
    ["cn1", run.number],
    ["flexString1Label", run.owners.length === 0 ? null : "owner"],
    ["flexString1", run.owners.length === 0 ? null : run.owners.join(" ")],
  ];
  const pairs = extension.flatMap(([name, value]) => (value === null ? [] : [`${name}=${extensionValue(value)}`]));
  return `${header.map(headerField).join("|")}|${pairs.join(" ")}`;
}

function custom(number: number, label: string, value: string | null): readonly (readonly [string, string | null])[] {
  if (value === null) return [];
  return [
    [`cs${number}Label`, label],
    [`cs${number}`, value.slice(0, maxCustom)],
  ];
}

/** In the header, the bar and the backslash are escaped, and there are no line breaks. */
function headerField(text: string): string {
  return shownLine(text.replaceAll(/[\r\n]+/g, " ")).replaceAll(/[\\|]/g, "\\$&");
}

/** In the extension, the equals sign and the backslash are escaped, and line breaks are written `\n`. */
function extensionValue(value: string | number): string {
  if (typeof value === "number") return String(value);
  const lines = value.split(/\r\n|\r|\n/).map((line) => shownLine(line).replaceAll(/[\\=]/g, "\\$&"));
  return lines.join("\\n");
}

function shownLine(text: string): string {
  return escapeControls(maskRandom(text));
}
