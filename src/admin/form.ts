import type { Context, Next } from "hono";
import { bodyLimit } from "hono/body-limit";
import { Secret } from "../secrets/secret.js";
import { maxFormBytes } from "./admin.js";

/** The fields of a submitted form. */
export interface FormFields {
  /** A field's text without spaces around it; empty where it is missing, came twice, or is a file. */
  readonly text: (name: string) => string;
  /** A field's text exactly as typed. */
  readonly written: (name: string) => string;
  /** All texts of a field that may come several times, such as checkboxes. */
  readonly list: (name: string) => readonly string[];
  readonly isChecked: (name: string) => boolean;
  /** A field that must never be shown again; undefined where it is empty. */
  readonly secret: (name: string) => Secret | undefined;
  /** Every field but secrets and the CSRF token, to send the form again. */
  readonly entries: () => readonly (readonly [name: string, text: string])[];
}

/** What browsers send a form as; without a field, they may leave it out. */
const formTypes = new Set(["application/x-www-form-urlencoded", "multipart/form-data", ""]);

/** The names of fields that hold secrets. */
const secretFields: ReadonlySet<string> = new Set([
  "csrf",
  "password",
  "password_again",
  "secret",
  "sign_key",
  "token",
  "code",
]);

type Body = Readonly<Record<string, string | File | (string | File)[]>>;

export function formFields(body: Body): FormFields {
  const all = (name: string): readonly string[] =>
    (Object.hasOwn(body, name) ? [body[name] ?? []].flat() : [])
      .filter((value) => typeof value === "string")
      // No database has NUL in a text, and a server refuses it.
      .map((text) => text.replaceAll("\0", ""));
  const written = (name: string): string => {
    const values = all(name);
    return values.length === 1 ? (values[0] ?? "") : "";
  };
  return {
    written,
    text: (name) => written(name).trim(),
    list: all,
    isChecked: (name) => all(name).length > 0,
    secret: (name) => (written(name) === "" ? undefined : new Secret(written(name))),
    entries: () =>
      Object.keys(body)
        .filter((name) => !secretFields.has(name))
        .flatMap((name) => all(name).map((text) => [name, text] as const)),
  };
}

/** No fields: a form that is shown for the first time. */
export const emptyForm: FormFields = formFields({});

/** Why a body is not a form that is read. */
export type FormMistake = "not_a_form" | "too_large" | "broken";

/** Reads the fields of a request, whatever the browser sent them as. */
export async function readForm(c: Context): Promise<FormFields | FormMistake> {
  const [type = ""] = (c.req.header("content-type") ?? "").split(";", 1);
  if (!formTypes.has(type.trim().toLowerCase())) return "not_a_form";
  let fields: FormFields | FormMistake = "broken";
  const read: Next = async () => {
    fields = formFields((await c.req.parseBody({ all: true })) as Body);
  };
  try {
    const limited = bodyLimit({
      maxSize: maxFormBytes,
      onError: () => {
        fields = "too_large";
        return new Response(null, { status: 413 });
      },
    });
    await limited(c, read);
  } catch {
    return "broken";
  }
  return fields;
}
