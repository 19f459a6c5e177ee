import type { AccessPrincipal } from "../access/compare.js";
import { assertNever } from "../errors.js";
import type { Forbidden, Rights } from "../operations/person.js";
import { permissionOf } from "../users/admin-rights.js";
import { kindName } from "./history/texts.js";
import { type Html, html, nothing } from "./html/html.js";
import { managedNote } from "./html/managed.js";
import { list } from "./html/parts.js";
import type { Texts } from "./language.js";
import { type Notice, noticePage } from "./notice.js";
import { type AdminRequest, answer } from "./routes.js";
import { askToSignInAgain } from "./session.js";
import { commonTexts } from "./texts.js";
import type { View } from "./view.js";

const nl = {
  nothingChanged: "Er is niets gewijzigd.",
  notSignedIn: {
    title: "U hebt hier geen toegang meer",
    text: "Uw account is verwijderd of gedeactiveerd, of u bent geen beheerder meer.",
    action: "Vraag een andere beheerder om hulp.",
  },
  ownWayIn: {
    title: "U zou uzelf buitensluiten",
    text: "Na deze wijziging kunt u niet meer inloggen als beheerder.",
    action: "Vraag een andere beheerder om dit te doen.",
  },
  bootstrapOver: {
    title: "De eenmalige code geldt niet meer",
    text: "Er is nu iemand die als beheerder kan inloggen.",
    action: "Log in als die beheerder.",
  },
  bootstrapOnly: {
    title: "Maak eerst een beheerder",
    text: "Met de eenmalige code kunt u alleen de eerste beheerder maken, en instellen hoe die inlogt.",
    action: "Maak een beheerder, log als die beheerder in en probeer het dan nog eens.",
  },
  rightMissing: {
    title: "Dit mag u niet",
    text: "Voor deze wijziging hebt u een recht nodig dat u niet hebt.",
    action: (right: string) => `Vraag een beheerder om dit recht: ${right}.`,
  },
  superuser: "superuser (mag alles)",
  staff: "toegang tot deze beheerpagina's (staff)",
  aboveOwn: {
    title: "Dit account mag meer dan u",
    text: "Deze wijziging raakt accounts of rechten die boven die van uzelf gaan. Dat mag alleen iemand die deze rechten zelf heeft.",
    action: "Vraag een beheerder met deze rechten om dit te doen.",
    accounts: "Om deze accounts gaat het",
    rights: "Deze rechten hebt u zelf niet",
  },
  grantsMore: {
    title: "U kunt geen rechten geven die u niet hebt",
    text: "Door deze wijziging krijgt iemand meer rechten dan u zelf hebt.",
    action: "Geef minder rechten, of vraag een beheerder met deze rechten om dit te doen.",
    principals: "Wie meer zou krijgen",
  },
  managed: {
    title: "Dit staat in een bestand en kan hier niet worden gewijzigd",
    entries: "Wat in het bestand staat",
  },
  lastAdministrator: {
    title: "Dan is er geen beheerder meer",
    text: "Na deze wijziging kan niemand meer inloggen als beheerder die alles mag.",
    action: "Zorg eerst dat nog iemand als superuser kan inloggen. Probeer het daarna nog eens.",
    former: "Wie nu als beheerder kan inloggen",
  },
  everyone: (client: string) => `iedereen die inlogt via ${client}`,
  inGroup: (name: string, client: string) => `iedereen met de groep ${name} die inlogt via ${client}`,
  withClaim: (path: string, client: string) => `iedereen met de claim ${path} die inlogt via ${client}`,
};

const en: typeof nl = {
  nothingChanged: "Nothing was changed.",
  notSignedIn: {
    title: "You no longer have access here",
    text: "Your account was deleted or deactivated, or you are no administrator any more.",
    action: "Ask another administrator for help.",
  },
  ownWayIn: {
    title: "You would lock yourself out",
    text: "After this change, you could not sign in as an administrator any more.",
    action: "Ask another administrator to do this.",
  },
  bootstrapOver: {
    title: "The one-time code is no longer valid",
    text: "By now, someone can sign in as an administrator.",
    action: "Sign in as that administrator.",
  },
  bootstrapOnly: {
    title: "Make an administrator first",
    text: "With the one-time code, you can only make the first administrator, and set up how that one signs in.",
    action: "Make an administrator, sign in as that administrator, and try again.",
  },
  rightMissing: {
    title: "You may not do this",
    text: "This change needs a right that you do not have.",
    action: (right) => `Ask an administrator for this right: ${right}.`,
  },
  superuser: "superuser (may do everything)",
  staff: "access to these admin pages (staff)",
  aboveOwn: {
    title: "This account may do more than you",
    text: "This change touches accounts or rights that go beyond your own. Only someone who has these rights may do that.",
    action: "Ask an administrator with these rights to do this.",
    accounts: "These accounts are touched",
    rights: "You do not have these rights yourself",
  },
  grantsMore: {
    title: "You can't give rights that you do not have",
    text: "By this change, someone would get more rights than you have yourself.",
    action: "Give fewer rights, or ask an administrator with these rights to do this.",
    principals: "Who would get more",
  },
  managed: {
    title: "This is in a file and can't be changed here",
    entries: "What is in the file",
  },
  lastAdministrator: {
    title: "There would be no administrator any more",
    text: "After this change, nobody could sign in as an administrator who may do everything.",
    action: "First make sure that someone else can sign in as a superuser. Then try again.",
    former: "Who can sign in as an administrator now",
  },
  everyone: (client) => `everybody who signs in through ${client}`,
  inGroup: (name, client) => `everybody with the group ${name} who signs in through ${client}`,
  withClaim: (path, client) => `everybody with the claim ${path} who signs in through ${client}`,
};

const texts: Texts<typeof nl> = { nl, en };

/** Answers a change that an operation refused: why, and what to do about it. */
export function answerForbidden(c: AdminRequest, refused: Forbidden): Promise<Response> {
  if (refused.reason === "sign_in_not_recent") return askToSignInAgain(c);
  const view = c.get("view");
  const notice = noticeOf(view, refused);
  return answer(c, noticePage(view, { ...notice, text: `${notice.text} ${texts[view.language].nothingChanged}` }), 403);
}

type Refused = Exclude<Forbidden, { readonly reason: "sign_in_not_recent" }>;

function noticeOf(view: View, refused: Refused): Notice {
  const t = texts[view.language];
  switch (refused.reason) {
    case "not_signed_in":
      return t.notSignedIn;
    case "own_way_in":
      return t.ownWayIn;
    case "bootstrap_over":
      return t.bootstrapOver;
    case "bootstrap_only":
      return t.bootstrapOnly;
    case "right_missing": {
      const { right } = refused;
      const name = right === "superuser" || right === "own" ? t.superuser : permissionOf(right);
      return { ...t.rightMissing, action: t.rightMissing.action(name) };
    }
    case "above_own": {
      const { title, text, action, accounts, rights } = t.aboveOwn;
      const more = html`${listed(accounts, refused.accounts)}${listed(rights, namesOf(view, refused.rights))}`;
      return { title, text, action, more };
    }
    case "grants_more": {
      const { title, text, action, principals } = t.grantsMore;
      const who = refused.principals.map((principal) => nameOf(view, principal));
      const more = html`${listed(principals, who)}${listed(t.aboveOwn.rights, namesOf(view, refused.rights))}`;
      return { title, text, action, more };
    }
    case "managed_by_file": {
      const { title, entries } = t.managed;
      const names = refused.entries.map((entry) => nameOf(view, entry));
      const text = commonTexts[view.language].managed.notHere;
      return { title, text, more: html`${managedNote(view, refused)}${listed(entries, names)}` };
    }
    case "last_administrator": {
      const { title, text, action, former } = t.lastAdministrator;
      return { title, text, action, more: listed(former, refused.former) };
    }
    default:
      return assertNever(refused);
  }
}

function listed(heading: string, names: readonly string[]): Html {
  return names.length === 0 ? nothing : html`<h2>${heading}</h2>${list([...new Set(names)])}`;
}

function namesOf(view: View, { isSuperuser, isStaff, permissions }: Rights): readonly string[] {
  const t = texts[view.language];
  return [...(isSuperuser ? [t.superuser] : []), ...(isStaff ? [t.staff] : []), ...permissions];
}

function nameOf(view: View, { kind, key, claimant }: AccessPrincipal): string {
  const t = texts[view.language];
  if (claimant === undefined) return `${kindName(kind, view.language)} ${key}`;
  if (claimant.kind === "everyone") return t.everyone(key);
  return claimant.kind === "group" ? t.inGroup(claimant.name, key) : t.withClaim(claimant.path, key);
}
