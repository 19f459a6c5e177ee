import type { JournalEntry } from "../operations/read-journal.js";
import type { FieldChange } from "../plan/resource.js";
import { maskRandom } from "../secrets/random-looking.js";
import { hiddenValue, renderValue, shownFields } from "./changes.js";
import { withoutSecrets } from "./json.js";
import { csvLine } from "./table.js";

export const journalCsvHeading = csvLine([
  "time",
  "run",
  "actor",
  "claimed_actor",
  "through",
  "owner",
  "files",
  "version",
  "action",
  "kind",
  "name",
  "field",
  "before",
  "after",
]);

/** What names one change for ever: a program that hands the journal on goes on behind it. */
export function changeId({ run, sequence }: Pick<JournalEntry, "run" | "sequence">): string {
  return `${run.id}:${sequence}`;
}

/** A line for each field that a change has, or one without (RFC 4180). */
export function journalToCsv({ run, action, kind, key, fields }: JournalEntry): string {
  const who = [run.actor, run.claimedActor ?? ""].map(maskRandom);
  const files = run.files.map(({ file }) => maskRandom(file)).join(" ");
  const ofRun = [run.at, run.id, ...who, run.through ?? "", run.owners.map(maskRandom).join(" "), files, run.version];
  const ofChange = [...ofRun, action, kind, maskRandom(key)];
  const lines = shownFields({ action, fields }).map((field) => csvLine([...ofChange, ...fieldCells(field)]));
  return lines.length > 0 ? lines.join("") : csvLine([...ofChange, "", "", ""]);
}

function fieldCells(field: FieldChange): readonly string[] {
  const name = maskRandom(field.name);
  return "after" in field
    ? [name, renderValue(field.before), renderValue(field.after)]
    : [name, hiddenValue(field), hiddenValue(field)];
}

/** A change as those of `plan` and `apply` are written, with its run. The digests of files stay. */
export function journalToJson({ run, sequence, action, kind, key, resourceId, fields }: JournalEntry): object {
  const { id, at, actor, actorUserId, claimedActor, through, owners, version, number, isSigned } = run;
  return {
    id: changeId({ run, sequence }),
    action,
    kind,
    key: maskRandom(key),
    resourceId,
    fields: withoutSecrets(fields),
    run: {
      id,
      number,
      signed: isSigned,
      finishedAt: at,
      actor: maskRandom(actor),
      actorUserId,
      claimedActor: claimedActor === null ? null : maskRandom(claimedActor),
      through,
      owners: owners.map(maskRandom),
      files: run.files.map((file) => ({ ...file, file: maskRandom(file.file) })),
      version,
    },
  };
}
