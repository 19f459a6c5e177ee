import { type DemandedRight, mayDo } from "../operations/rights.js";
import { assets } from "./assets.js";
import type { AdminContext } from "./context.js";
import type { Language } from "./language.js";
import type { Times } from "./times.js";
import type { AdminSession } from "./way-in/bootstrap-session.js";

/** What a page needs to know about the request that it answers. */
export interface View {
  readonly language: Language;
  /** The path of this request inside the pages, such as `/tokens`, with its query. */
  readonly path: string;
  /** A link to a page: its path under which browsers see it. Parameters that are undefined or empty are left out. */
  readonly url: (path: string, query?: Readonly<Record<string, string | undefined>>) => string;
  readonly asset: (name: keyof typeof assets) => string;
  readonly times: Times;
  /** Undefined before signing in. */
  readonly session: AdminSession | undefined;
  /**
   * Whether the signed-in person has a right, to show or hide what the operation decides about. The session of a one-time code sees what
   * superusers alone see, such as OpenID, and nothing else.
   */
  readonly may: (right: DemandedRight) => boolean;
  /** Whom to ask about what a file manages. */
  readonly contact: string | undefined;
  /** The path of one that follows the pages' own. */
  readonly styleSheet: string | undefined;
}

export function createView(
  { settings, times }: Pick<AdminContext, "settings" | "times">,
  { language, path, session }: Pick<View, "language" | "path" | "session">,
): View {
  const url: View["url"] = (target, query = {}) => {
    const given = Object.entries(query).filter((pair): pair is [string, string] => Boolean(pair[1]));
    const search = new URLSearchParams(given).toString();
    return `${settings.basePath}${target}${search === "" ? "" : `?${search}`}`;
  };
  const principal = session?.principal;
  return {
    language,
    path,
    url,
    asset: (name) => url(assets[name].path),
    times: times[language],
    session,
    may: (right) => {
      if (session?.isBootstrap) return right === "superuser";
      if (principal === undefined) return false;
      return mayDo({ isSuperuser: principal.user.isSuperuser, permissions: principal.permissions }, right);
    },
    contact: settings.contact,
    styleSheet: settings.styleSheet,
  };
}
