/** The submitted form, as `tokens.create` takes it. Fields that came twice or as files count as empty. */
export function readTokenForm(form) {
  const permissions = [form.permissions ?? []].flat().map(String);
  return {
    identifier: text(form.identifier),
    contactPerson: text(form.contactPerson),
    email: text(form.email),
    application: text(form.application),
    ...(permissions.length > 0 && { permissions }),
    ...(text(form.expiresAt) !== "" && { expiresAt: endOfDay(text(form.expiresAt)) }),
  };
}

export function text(value) {
  return written(value).trim();
}

/** A field's text as it was written; empty where it came twice or as a file. */
export function written(value) {
  return typeof value === "string" ? value : "";
}

/** The last second of a day such as `2030-01-31`, in the server's time zone. */
function endOfDay(day) {
  return new Date(/^\d{4}-\d\d-\d\d$/.test(day) ? `${day}T23:59:59` : Number.NaN);
}

const messages = {
  identifier: "Vul een naam in van 1 tot 50 letters, cijfers, streepjes en lage streepjes.",
  contactPerson: "Vul een contactpersoon in, met hoogstens 200 tekens.",
  email: "Vul een e-mailadres in, zoals naam@gemeente.nl.",
  application: "Vul voor de applicatie hoogstens 200 tekens in.",
  expiresAt: "Kies een datum die nog komt.",
  permissions: "Kies alleen rechten die u zelf hebt.",
};

/** Why a token could not be created or revoked, and the field to show it at. */
export function faultText({ code, field }) {
  if (code === "managed_by_configuration") {
    return { text: "Dit token staat in een configuratiebestand. Laat het daar weghalen." };
  }
  if (code === "not_found") return { text: "Dit token is er niet meer." };
  return { field, text: messages[field] ?? "Dit kan nu niet. Log opnieuw in en probeer het nog eens." };
}
