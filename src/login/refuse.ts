import type { LoginEvent } from "./event.js";
import type { LoginFault } from "./login-client.js";
import type { LoginRefusal } from "./outcome.js";
import { refusalStatus, worthAnotherTry } from "./refusal-code.js";
import { type LoginLanguage, texts } from "./texts.js";

/**
 * Turns a fault into a page; the log hears the reason.
 *
 * @param next where the login was to go, if that is known
 */
export type Refuse = (fault: Omit<LoginFault, "kind">, cookies: readonly string[], next?: string) => LoginRefusal;

export function createRefuse(client: string, language: LoginLanguage, report: (event: LoginEvent) => void): Refuse {
  return ({ code, reason, ...details }, cookies, next = "/") => {
    report({ ...details, kind: "refused", client, code, reason });
    return {
      ...{ kind: "refused", status: refusalStatus[code], code, ...texts[language][code] },
      next: worthAnotherTry.has(code) ? next : undefined,
      cookies,
    };
  };
}
