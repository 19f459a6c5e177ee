import { parseJson } from "../characters.js";
import { type SetupError, setupError } from "../errors.js";

/** How generated tokens are written to a file. */
export interface TokenFormat {
  /**
   * The file's whole text.
   *
   * @param before the file's text so far, which has `values` too
   * @throws SetupError `OUTPUT_FILE` (refused) where the format can't hold these identifiers together
   */
  readonly render: (values: TokenValues, before: string | undefined) => string;
  /** The values in a text that `render` made; undefined for any other. */
  readonly parse: (text: string) => TokenValues | undefined;
}

/** Values by their identifiers. */
export type TokenValues = Readonly<Record<string, string>>;

export interface FormatOptions {
  readonly tokensFormat: "json" | "dotenv" | "kubernetes-secret" | undefined;
  readonly secretName: string | undefined;
  readonly secretNamespace: string | undefined;
}

/** @throws SetupError `COMMAND_LINE` (usage) where an option belongs to another format, or is no name of Kubernetes */
export function tokenFormatOf({ tokensFormat, secretName, secretNamespace }: FormatOptions): TokenFormat {
  if (tokensFormat === "kubernetes-secret") {
    requireName("--secret-name", secretName, 253, subdomainPattern);
    requireName("--secret-namespace", secretNamespace, 63, labelPattern);
    return kubernetesSecret({ name: secretName, namespace: secretNamespace });
  }
  if (secretName !== undefined || secretNamespace !== undefined) {
    const message = "--secret-name and --secret-namespace are for --tokens-format kubernetes-secret";
    throw setupError("usage", "COMMAND_LINE", message, "add it, or remove them");
  }
  return tokensFormat === "dotenv" ? dotenv : json;
}

/** Undefined for anything but an object of texts. Zod's records would drop the identifier `__proto__`, and with it the only copy of its value. */
function tokenValues(value: unknown): TokenValues | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  const entries = Object.entries(value).filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined;
}

/** An object with each token's identifier and value. */
export const json: TokenFormat = {
  render: (values) => `${JSON.stringify(values, undefined, 2)}\n`,
  parse: (text) => tokenValues(parseJson(text)),
};

/** Variables for shells, containers and dotenv libraries, each under a comment with the identifier that its name is made of. */
const dotenv: TokenFormat = {
  render: (values) => {
    const identifiers = new Map<string, string>();
    const lines = Object.entries(values).map(([identifier, value]) => {
      const name = variableOf(identifier);
      const other = identifiers.get(name);
      if (other !== undefined) {
        const message = `the tokens ${other} and ${identifier} would be the same variable, ${name}`;
        throw refused(message, "rename one of them, or use another --tokens-format");
      }
      identifiers.set(name, identifier);
      return `# ${JSON.stringify(identifier)}\n${name}=${bareValue(identifier, value)}\n`;
    });
    return lines.join("");
  },
  parse: (text) => {
    const pairs = [...text.matchAll(/^# (".*")\n\w+=(.*)\n/gm)];
    const values = Object.fromEntries(pairs.map(([, name = "", value = ""]) => [String(parseJson(name)), value]));
    return renders(dotenv, values, text) ? values : undefined;
  },
};

/** The suffix keeps a token from replacing a variable such as PATH. */
function variableOf(identifier: string): string {
  const name = identifier.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_");
  return `${/^\d/.test(name) ? "_" : ""}${name}${name.endsWith("_TOKEN") ? "" : "_TOKEN"}`;
}

/** Shells, containers and libraries disagree about quotes, so that a value must need none. */
function bareValue(identifier: string, value: string): string {
  if (/^[\w.:/+=-]+$/.test(value)) return value;
  throw refused(`the value of ${identifier} has characters that variables need quotes for`, "use --tokens-format json");
}

interface SecretOptions {
  readonly name: string | undefined;
  readonly namespace: string | undefined;
}

/** A Secret to apply to a cluster. JSON's strings are YAML's, and every key and value is quoted. */
function kubernetesSecret({ name, namespace }: SecretOptions): TokenFormat {
  const lines = (own: SecretOptions, values: TokenValues): string =>
    [
      "apiVersion: v1",
      "kind: Secret",
      "metadata:",
      `  name: ${JSON.stringify(own.name ?? "vtb-setup-tokens")}`,
      ...(own.namespace === undefined ? [] : [`  namespace: ${JSON.stringify(own.namespace)}`]),
      "type: Opaque",
      "stringData:",
      ...Object.entries(values).map(([key, value]) => `  ${JSON.stringify(key)}: ${JSON.stringify(value)}`),
      "",
    ].join("\n");
  const read = (text: string) => {
    const names = (key: string) => new RegExp(`^  ${key}: (".*")$`, "m").exec(text)?.[1];
    const [, list = ""] = text.split("\nstringData:\n");
    const values = tokenValues(parseJson(`{${list.trim().replaceAll("\n", ",")}}`));
    const own = { name: unquoted(names("name")), namespace: unquoted(names("namespace")) };
    return values && lines(own, values) === text ? { own, values } : undefined;
  };
  return {
    render: (values, before) => {
      for (const key of Object.keys(values)) {
        if (/^[-._a-zA-Z0-9]{1,253}$/.test(key)) continue;
        throw refused(`${key} can't be a key of a Secret`, "rename it, or use --tokens-format json");
      }
      const own = before === undefined ? undefined : read(before)?.own;
      return lines({ name: name ?? own?.name, namespace: namespace ?? own?.namespace }, values);
    },
    parse: (text) => read(text)?.values,
  };
}

/** RFC 1123, as Kubernetes has it. */
const labelPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/;
const subdomainPattern = /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;

function requireName(option: string, name: string | undefined, max: number, pattern: RegExp): void {
  if (name === undefined || (name.length <= max && pattern.test(name))) return;
  const hint = `write at most ${max} lower-case letters, digits and hyphens, such as api-tokens`;
  throw setupError("usage", "COMMAND_LINE", `${option} is not a name that Kubernetes accepts`, hint);
}

function renders(format: TokenFormat, values: TokenValues, text: string): boolean {
  try {
    return format.render(values, undefined) === text;
  } catch {
    return false;
  }
}

function unquoted(text: string | undefined): string | undefined {
  const value = text === undefined ? undefined : parseJson(text);
  return typeof value === "string" ? value : undefined;
}

function refused(message: string, hint: string): SetupError {
  return setupError("refused", "OUTPUT_FILE", message, hint);
}
