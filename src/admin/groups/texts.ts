import type { Texts } from "../language.js";

const nl = {
  title: "Groepen",
  newGroup: "Nieuwe groep",
  found: (total: number) => (total === 1 ? "1 groep gevonden" : `${total} groepen gevonden`),
  search: "Zoek op naam",
  columns: { name: "Groep", members: "Leden", permissions: "Rechten", created: "Gemaakt op" },
  permissions: "Rechten van de leden",
  noPermissions: "Deze groep geeft geen rechten.",
  members: "Leden",
  noMembers: "Deze groep heeft geen leden.",
  member: "Gebruiker",
  claims: {
    title: "Leden door de inlogdienst",
    none: "Geen enkele inlogdienst maakt mensen lid van deze groep.",
    everyone: (client: string) => `Iedereen die inlogt via ${client}.`,
    named: (client: string, path: string, name: string) =>
      `Wie inlogt via ${client} en in de claim ${path} de groep ${name} heeft.`,
  },
  history: "Geschiedenis van deze groep",
  more: "Meer",
  yaml: "Toon als YAML",
  actions: {
    title: "Wijzigen",
    edit: "Rechten wijzigen",
    members: "Leden toevoegen of verwijderen",
    delete: "Verwijderen",
  },
  done: {
    created: "De groep is gemaakt.",
    saved: "De wijziging is opgeslagen.",
    deleted: "De groep is verwijderd.",
  },
  form: {
    newTitle: "Nieuwe groep",
    editTitle: (name: string) => `Rechten van ${name} wijzigen`,
    name: "Naam",
    nameHint: "Dezelfde naam als bij de inlogdienst, als de leden daarvandaan komen. U kunt deze later niet wijzigen.",
    create: "Groep maken",
    taken: "Er is al een groep met deze naam.",
    allMembers: (members: number) =>
      members === 1 ? "Deze wijziging geldt voor 1 lid." : `Deze wijziging geldt voor ${members} leden.`,
  },
  remove: {
    title: (name: string) => `Groep ${name} verwijderen`,
    text: "De leden verliezen de rechten van deze groep. Dit kunt u niet ongedaan maken.",
    members: (members: number) => (members === 1 ? "De groep heeft 1 lid." : `De groep heeft ${members} leden.`),
    button: "Verwijderen",
  },
  memberships: {
    title: (name: string) => `Groepen van ${name}`,
    ofFile:
      "Een bestand beheert deze gebruiker. Groepen uit het bestand wijzigt u daar. Groepen die u hier toevoegt, blijven bestaan als het bestand opnieuw wordt toegepast.",
    membersTitle: (name: string) => `Leden van ${name}`,
    addTitle: "Toevoegen",
    add: "Toevoegen",
    remove: "Verwijderen",
    notHere: "niet hier te wijzigen",
    until: "Tot en met",
    untilHint: (zone: string) => `Na deze dag geldt de groep niet meer (tijdzone ${zone}). Leeg: zonder einde.`,
    username: "Gebruikersnaam",
    done: "De wijziging is opgeslagen.",
  },
};

const en: typeof nl = {
  title: "Groups",
  newGroup: "New group",
  found: (total) => (total === 1 ? "1 group found" : `${total} groups found`),
  search: "Search by name",
  columns: { name: "Group", members: "Members", permissions: "Rights", created: "Made on" },
  permissions: "Rights of the members",
  noPermissions: "This group gives no rights.",
  members: "Members",
  noMembers: "This group has no members.",
  member: "User",
  claims: {
    title: "Members through the sign-in service",
    none: "No sign-in service makes people members of this group.",
    everyone: (client) => `Everybody who signs in through ${client}.`,
    named: (client, path, name) => `Who signs in through ${client}, and has the group ${name} in the claim ${path}.`,
  },
  history: "History of this group",
  more: "More",
  yaml: "Show as YAML",
  actions: { title: "Change", edit: "Change rights", members: "Add or remove members", delete: "Delete" },
  done: {
    created: "The group was made.",
    saved: "The change was saved.",
    deleted: "The group was deleted.",
  },
  form: {
    newTitle: "New group",
    editTitle: (name) => `Change the rights of ${name}`,
    name: "Name",
    nameHint: "The same name as at the sign-in service, if its members come from there. You can't change it later.",
    create: "Make the group",
    taken: "There is a group with this name already.",
    allMembers: (members) =>
      members === 1 ? "This change is for 1 member." : `This change is for ${members} members.`,
  },
  remove: {
    title: (name) => `Delete the group ${name}`,
    text: "The members lose the rights of this group. You can't undo this.",
    members: (members) => (members === 1 ? "The group has 1 member." : `The group has ${members} members.`),
    button: "Delete",
  },
  memberships: {
    title: (name) => `Groups of ${name}`,
    ofFile:
      "A file manages this user. Change the groups of the file there. Groups that you add here stay when the file is applied again.",
    membersTitle: (name) => `Members of ${name}`,
    addTitle: "Add",
    add: "Add",
    remove: "Remove",
    notHere: "can't be changed here",
    until: "Up to and including",
    untilHint: (zone) => `After this day, the group no longer counts (time zone ${zone}). Empty: without an end.`,
    username: "Username",
    done: "The change was saved.",
  },
};

export const groupTexts: Texts<typeof nl> = { nl, en };
