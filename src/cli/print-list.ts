import { stopIfInterrupted } from "../apply/wait.js";
import { SetupError, setupError } from "../errors.js";
import type { ListFormat } from "../report/list-format.js";
import { createTable, type Row } from "../report/table.js";
import type { CliContext } from "./context.js";
import { exitStatus, statusOf, unexpected } from "./exit-status.js";
import { outputFailed } from "./print.js";

/** How tables look: their headings, the lines of an item, and what is said where there are none. */
export interface TableLayout<Item> {
  readonly headings: Row;
  readonly rowsOf: (item: Item) => readonly Row[];
  readonly nothing: string;
}

export function tableList<Item>(
  { terminal }: CliContext,
  { headings, rowsOf, nothing }: TableLayout<Item>,
): ListFormat<Item> {
  let isEmpty = true;
  const table = createTable(headings, rowsOf, terminal.outPaint.bold);
  const page = (items: readonly Item[]) => {
    isEmpty = false;
    return table(items);
  };
  return { begin: "", page, end: () => (isEmpty ? nothing : ""), tellsErrors: false };
}

/**
 * The owner to filter by: null for what no file manages.
 *
 * @throws SetupError `COMMAND_LINE` (usage) where both options are given
 */
export function ownerFilter(owner: string | undefined, byHand: boolean, noun: string): string | null | undefined {
  if (!byHand) return owner;
  if (owner === undefined) return null;
  const message = `--owner and --by-hand exclude each other: a ${noun} that an owner manages is not made by hand`;
  throw setupError("usage", "COMMAND_LINE", message, "remove one of the two");
}

/** The result of printing a list. */
export interface PrintedList {
  readonly status: number;
  readonly count: number;
}

/**
 * Prints a list page by page, so that its length costs neither time before the first line nor memory. A reader that left has
 * read enough.
 *
 * @throws SetupError where a page can't be read or printed, and the format has no place for it
 */
export async function printList<Item>(
  context: CliContext,
  pages: AsyncIterable<readonly Item[]>,
  format: ListFormat<Item>,
): Promise<PrintedList> {
  let count = 0;
  const print = (text: string) => write(context, text);
  try {
    let isRead = true;
    for await (const items of pages) {
      isRead = await print(`${count === 0 ? format.begin : ""}${format.page(items)}`);
      count += items.length;
      if (!isRead) return { status: exitStatus.done, count };
    }
  } catch (error) {
    if (count === 0 || !format.tellsErrors) throw error;
    const failure = error instanceof SetupError ? error : unexpected(error);
    await context.terminal.out([format.end(failure)], { insist: true });
    return { status: statusOf(failure.reason, context.stoppedBy()), count };
  }
  await print(`${count === 0 ? format.begin : ""}${format.end()}`);
  return { status: exitStatus.done, count };
}

/** False where the reader has left. */
async function write({ terminal, signal }: CliContext, text: string): Promise<boolean> {
  const end = await terminal.out([text], { insist: false });
  if (end.kind === "stopped") stopIfInterrupted(signal);
  if (end.kind === "failed") throw outputFailed(end);
  return end.kind === "written";
}
