import type { CookieJar, Seals } from "./cookies.js";
import type { LoginEvent } from "./event.js";
import type { LoginRefusal } from "./login.js";
import type { LoadClient, LoginRejection } from "./login-client.js";
import type { SpentStates } from "./login-state.js";
import { refusalStatus, worthAnotherTry } from "./refusal-codes.js";
import type { Sessions } from "./sessions.js";
import type { LoginSettings } from "./settings.js";
import { isLanguage, type LoginLanguage, texts } from "./texts.js";

/** What all parts of a login share. */
export interface LoginContext {
  readonly settings: LoginSettings;
  readonly jar: CookieJar;
  readonly seals: Seals;
  readonly loadClient: LoadClient;
  readonly sessions: Sessions;
  readonly states: SpentStates;
  readonly refusalPage: RefusalPage;
  readonly report: (event: LoginEvent) => void;
  /** In milliseconds. */
  readonly now: () => number;
}

/** Turns a rejection into the page for the user, and reports its reason. */
type RefusalPage = (rejection: Omit<LoginRejection, "kind">, options: RefusalPageOptions) => LoginRefusal;

interface RefusalPageOptions {
  /** The request's; undefined for the usual one. */
  readonly language: LoginLanguage | undefined;
  readonly cookies?: readonly string[];
  /** The path to go to after a login, if known. */
  readonly next?: string | undefined;
}

export function createRefusalPage(
  { client, language: usual }: LoginSettings,
  report: (event: LoginEvent) => void,
): RefusalPage {
  return ({ code, reason, ...details }, { language: asked, cookies = [], next = "/" }) => {
    report({ ...details, kind: "refused", client, code, reason });
    // A server may pass on what a browser asks for.
    const language = isLanguage(asked) ? asked : usual;
    return {
      kind: "refused",
      status: refusalStatus[code],
      code,
      ...texts[language][code],
      next: worthAnotherTry.has(code) ? next : undefined,
      cookies,
    };
  };
}
