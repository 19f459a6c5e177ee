import { escapeControls } from "../characters.js";

const usualLength = 200;

/**
 * Quotes a foreign value for a log: on one line, truncated if long. A string stays as it is, anything else becomes JSON. For a value that may be or quote a credential, use {@link quoteDescription}.
 */
export function quoteForeign(value: unknown, maxLength = usualLength): string {
  if (value === undefined) return "nothing";
  const text = typeof value === "string" ? value : JSON.stringify(value);
  if (text === "") return "an empty string";
  return escapeControls(text.length > maxLength ? `${text.slice(0, maxLength)}…` : text);
}

/**
 * The same for a server's description of a request, which it may quote: hides the request's secrets, and all else that looks
 * like a credential. A UUID by itself stays, since servers name requests and clients by one.
 *
 * @param secrets the request's secrets
 */
export function quoteDescription(text: string, secrets: readonly string[] = [], maxLength = usualLength): string {
  const forms = secrets.filter((secret) => secret !== "").flatMap((secret) => [secret, encodeURIComponent(secret)]);
  const hidden = forms.reduce((rest, form) => rest.replaceAll(form, mask), text);
  return quoteForeign(
    hidden.replace(urlOrWord, (part, url) => (url ? hideInUrl(part) : hideWord(part))),
    maxLength,
  );
}

const mask = "•••";
const urlOrWord = /(https?:\/\/[^\s"'<>]+)|[\w.~+/=-]{20,}/gi;
const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;

/** Keeps a URL's host and path, which help, and hides what follows them. */
function hideInUrl(url: string): string {
  const [path = "", rest] = url.split(/(?=[?#])/, 2);
  return path.replace(/[^/]{20,}/g, (part) => hideWord(part)) + (rest ? rest.charAt(0) + mask : "");
}

/** Random texts have digits; long words that people write have none, or very few. */
function hideWord(word: string): string {
  const isRandom = (word.match(/\d/g)?.length ?? 0) >= 2 && /[a-z]/i.test(word);
  return isRandom && !uuid.test(word) ? mask : word;
}
