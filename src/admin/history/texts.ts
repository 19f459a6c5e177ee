import type { Texts } from "../language.js";

const nl = {
  title: "Geschiedenis",
  lead: "Alles wat is gewijzigd, het nieuwste eerst.",
  of: (kind: string, name: string) => `Geschiedenis van ${kind} ${name}`,
  ofLead: "Ook onder eerdere namen, en van wat eerder deze naam had.",
  onlyUser: "U ziet alleen wat deze gebruiker heeft gewijzigd.",
  all: "De hele geschiedenis",
  differences: {
    title: "Wat anders is dan in de bestanden",
    lead: "Dit is gewijzigd sinds de bestanden voor het laatst zijn toegepast. De volgende keer toepassen draait het terug, behalve wat is ingetrokken, uitgezet of gedeactiveerd.",
    none: "Er is geen verschil: alles is zoals de bestanden het hebben gemaakt.",
    more: (count: number) => `En nog ${count}. De download heeft ze allemaal.`,
    of: "Anders dan in het bestand",
    missing: "verwijderd in de database zelf",
    owner: "Bestand van",
    fields: {
      disabled: "uitgezet",
      revoked: "ingetrokken",
      deactivated: "gedeactiveerd",
    },
    by: (when: string, who: string) => `op ${when}, door ${who}`,
    byUnknown: (who: string) => `door ${who}`,
  },
  kind: "Soort",
  any: "alle",
  name: "Naam bevat",
  actor: "Gewijzigd door",
  actorHint: "Een deel van de naam",
  through: "Via",
  action: "Wijziging",
  since: "Vanaf",
  until: "Tot en met",
  badDate: "Vul een bestaande dag in, zoals 31-01-2026.",
  columns: {
    what: "Wat",
    when: "Wanneer",
    changes: "Van → naar",
    who: "Door wie",
    through: "Via",
  },
  actions: { create: "gemaakt", update: "gewijzigd", delete: "verwijderd" },
  kinds: {
    api_token: "API-token",
    user: "gebruiker",
    group: "groep",
    oidc_provider: "OpenID-provider",
    oidc_client: "OpenID-client",
    policy: "beleid",
  },
  throughs: {
    apply: "een bestand (apply)",
    admin: "deze beheerpagina's",
    "self-service": "eigen tokens",
    "sign-in": "inloggen",
    "password sign-in": "inloggen met een wachtwoord",
  },
  secret: "gewijzigd (geheim)",
  nobody: "niemand die VTB kent: in de database",
  actingFor: (name: string) => `namens ${name} (niet gecontroleerd)`,
  undid: (when: string, who: string) => `Dit draaide een wijziging terug van ${when}, door ${who}.`,
  undidUnknown: (who: string) => `Dit draaide een wijziging terug, door ${who}.`,
  run: "Meer",
  runId: "Nummer",
  owner: "Eigenaar",
  files: "Bestanden",
  version: "Versie van VTB",
  older: "Ouder",
  newest: "Nieuwste",
  pages: "Bladeren",
  empty: "Er is niets gewijzigd dat hierbij past.",
};

const en: typeof nl = {
  title: "History",
  lead: "Everything that was changed, the newest first.",
  of: (kind, name) => `History of ${kind} ${name}`,
  ofLead: "Also under earlier names, and of what had this name before.",
  onlyUser: "You only see what this user changed.",
  all: "The whole history",
  differences: {
    title: "What differs from the files",
    lead: "This was changed since the files were last applied. Applying them again undoes it, but for what was revoked, disabled or deactivated.",
    none: "There is no difference: everything is as the files made it.",
    more: (count) => `And ${count} more. The download has all of them.`,
    of: "Differs from the file",
    missing: "deleted in the database itself",
    owner: "File of",
    fields: {
      disabled: "disabled",
      revoked: "revoked",
      deactivated: "deactivated",
    },
    by: (when, who) => `on ${when}, by ${who}`,
    byUnknown: (who) => `by ${who}`,
  },
  kind: "Kind",
  any: "all",
  name: "Name contains",
  actor: "Changed by",
  actorHint: "A part of the name",
  through: "Through",
  action: "Change",
  since: "From",
  until: "Up to and including",
  badDate: "Fill in a day that exists, such as 31-01-2026.",
  columns: {
    what: "What",
    when: "When",
    changes: "From → to",
    who: "By whom",
    through: "Through",
  },
  actions: { create: "made", update: "changed", delete: "deleted" },
  kinds: {
    api_token: "API token",
    user: "user",
    group: "group",
    oidc_provider: "OpenID provider",
    oidc_client: "OpenID client",
    policy: "policy",
  },
  throughs: {
    apply: "a file (apply)",
    admin: "these admin pages",
    "self-service": "own tokens",
    "sign-in": "signing in",
    "password sign-in": "signing in with a password",
  },
  secret: "changed (secret)",
  nobody: "nobody VTB knows of: in the database",
  actingFor: (name) => `for ${name} (not verified)`,
  undid: (when, who) => `This undid a change of ${when}, by ${who}.`,
  undidUnknown: (who) => `This undid a change, by ${who}.`,
  run: "More",
  runId: "Number",
  owner: "Owner",
  files: "Files",
  version: "Version of VTB",
  older: "Older",
  newest: "Newest",
  pages: "Browse",
  empty: "Nothing was changed that fits this.",
};

export const historyTexts: Texts<typeof nl> = { nl, en };

/** The name of a kind in a language; its own for one that a module brings. */
export function kindName(kind: string, language: keyof typeof historyTexts): string {
  const names: Readonly<Record<string, string>> = historyTexts[language].kinds;
  return names[kind] ?? kind;
}

/** What a run came through, in a language. */
export function throughName(through: string, language: keyof typeof historyTexts): string {
  const names: Readonly<Record<string, string>> = historyTexts[language].throughs;
  return names[through] ?? through;
}
