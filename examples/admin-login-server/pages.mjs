import { html } from "hono/html";
import { text } from "./token-form.mjs";

// `html` escapes whatever is put into it, but other pieces of `html`.

const nothing = html``;

function page({ title, session, current, head = nothing, body }) {
  return html`<!doctype html>
<html lang="nl">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} – VTB-beheer</title>
<link rel="stylesheet" href="/style.css">
${head}
</head>
<body>
<a class="skip" href="#inhoud">Naar de inhoud</a>
<header>
<p>VTB-beheer</p>
${session ? menu(session, current) : nothing}
</header>
<main id="inhoud" tabindex="-1">
${body}
</main>
</body>
</html>`;
}

function menu({ principal, csrfToken }, current) {
  const link = (href, label) =>
    html`<li><a href="${href}"${href === current ? html` aria-current="page"` : nothing}>${label}</a></li>`;
  return html`<nav aria-label="Hoofdmenu">
<ul>
${link("/", "Mijn gegevens")}
${link("/tokens", "API-tokens")}
<li>Ingelogd als ${principal.user.username}</li>
<li><form method="post" action="/uitloggen">${csrfField(csrfToken)}
<button>Uitloggen</button></form></li>
</ul>
</nav>`;
}

function csrfField(csrfToken) {
  return html`<input type="hidden" name="csrf" value="${csrfToken}">`;
}

export function welcome() {
  const body = html`<h1>VTB-beheer</h1>
<p>Log in om te zien wat u mag en om uw API-tokens te beheren.</p>
<p><a class="button" href="/login">Inloggen</a></p>
<p><a href="/noodtoegang">Noodtoegang met een wachtwoord</a></p>`;
  return page({ title: "Welkom", body });
}

export function emergency() {
  const body = html`<h1>Noodtoegang</h1>
<p>Alleen voor als de inlogvoorziening niet werkt. Elk gebruik wordt vastgelegd.</p>
<form method="post" action="/noodtoegang">
${field({ name: "username", label: "Gebruikersnaam", attributes: html` autocomplete="username" required` })}
${field({ name: "password", label: "Wachtwoord", type: "password", attributes: html` autocomplete="current-password" required` })}
<button>Inloggen</button>
</form>`;
  return page({ title: "Noodtoegang", body });
}

/** The signed-in user's account and permissions. */
export function account({ session, account: user }) {
  const { principal } = session;
  const name = `${user.firstName} ${user.lastName}`.trim();
  const body = html`<h1>Mijn gegevens</h1>
<dl>
<dt>Gebruikersnaam</dt><dd>${user.username}</dd>
<dt>Naam</dt><dd>${name || "onbekend"}</dd>
<dt>E-mailadres</dt><dd>${user.email || "onbekend"}</dd>
</dl>
<h2 id="groepen">Groepen</h2>
${list("groepen", user.groups, "U zit in geen enkele groep.")}
<h2 id="rechten">Rechten</h2>
${principal.user.isSuperuser ? html`<p>U bent superuser en mag alles.</p>` : nothing}
${list("rechten", [...principal.permissions].sort(), principal.user.isSuperuser ? "" : "U hebt geen rechten.")}`;
  return page({ title: "Mijn gegevens", session, current: "/", body });
}

function list(labelId, items, empty) {
  if (items.length === 0) return html`<p>${empty}</p>`;
  return html`<ul aria-labelledby="${labelId}">${items.map((item) => html`<li>${item}</li>`)}</ul>`;
}

export const takenName = { field: "identifier", text: "Deze naam is al in gebruik. Kies een andere." };

/** A user's tokens, and the form for a new one, filled in as it was sent where it was refused. */
export function tokens({ session, account: user, tokens: all, form, created, revoked, faults = [] }) {
  const body = html`<h1>API-tokens</h1>
${faults.length > 0 ? faultSummary(faults) : nothing}
${created ? newToken(created) : nothing}
${revoked ? message(html`<p>Token ${revoked} is ingetrokken en werkt niet meer.</p>`) : nothing}
<p>Met een API-token werkt een programma namens u. Het mag nooit meer dan u zelf mag.</p>
${all.length > 0 ? tokenTable(all) : html`<p>U hebt nog geen API-tokens.</p>`}
<h2>Nieuw token maken</h2>
${tokenForm({ session, user, faults, form: created || revoked ? undefined : form })}`;
  const title = faults.length > 0 ? "Fout: API-tokens" : "API-tokens";
  return page({ title, session, current: "/tokens", body });
}

function message(content) {
  return html`<div class="message" role="status" tabindex="-1" autofocus>${content}</div>`;
}

function faultSummary(faults) {
  const items = faults.map(
    ({ field: name, text: fault }) => html`<li>${name ? html`<a href="#${name}">${fault}</a>` : fault}</li>`,
  );
  return html`<div class="message faults" role="alert" tabindex="-1" autofocus aria-labelledby="fouten">
<h2 id="fouten">Er is iets niet goed gegaan</h2>
<ul>${items}</ul>
</div>`;
}

function newToken({ identifier, token }) {
  return message(html`<h2>Token ${identifier} is gemaakt</h2>
<p>Bewaar het nu: het wordt maar één keer getoond.</p>
<label for="token">Uw nieuwe token</label>
<input id="token" readonly autocomplete="off" spellcheck="false" value="${token.reveal()}">
<p>Zet het in de header van elk verzoek: <code>Authorization: Token</code>, een spatie en het token.</p>`);
}

function tokenTable(all) {
  const rows = all.map(
    (token) => html`<tr>
<th scope="row">${token.identifier}</th>
<td>${token.permissions === null ? "alles wat u mag" : token.permissions.join(", ") || "niets"}</td>
<td>${token.expiresAt === null ? "verloopt niet" : moment(token.expiresAt)}</td>
<td>${token.lastUsedAt === null ? "nooit" : moment(token.lastUsedAt)}</td>
<td>${token.isManaged ? "staat in een configuratiebestand" : revokeLink(token)}</td>
</tr>`,
  );
  return html`<div class="scroll" role="region" aria-labelledby="overzicht" tabindex="0">
<table>
<caption id="overzicht">Uw tokens</caption>
<thead><tr><th scope="col">Naam</th><th scope="col">Mag</th><th scope="col">Geldig tot</th>
<th scope="col">Laatst gebruikt</th><th scope="col">Actie</th></tr></thead>
<tbody>${rows}</tbody>
</table>
</div>`;
}

function revokeLink({ identifier }) {
  const href = `/tokens/${encodeURIComponent(identifier)}/intrekken`;
  return html`<a href="${href}" aria-label="${identifier} intrekken">Intrekken</a>`;
}

function moment(iso) {
  const shown = new Date(iso).toLocaleString("nl-NL", { dateStyle: "medium", timeStyle: "short" });
  return html`<time datetime="${iso}">${shown}</time>`;
}

function tokenForm({ session, user, faults, form }) {
  const faultOf = (name) => faults.find(({ field: faulty }) => faulty === name)?.text;
  const given = (name, otherwise = "") => (form ? text(form[name]) : otherwise);
  const name = `${user.firstName} ${user.lastName}`.trim();
  const chosen = new Set([form?.permissions ?? []].flat());
  const permissions = [...session.principal.permissions].sort();
  return html`<form method="post" action="/tokens" novalidate>
${csrfField(session.csrfToken)}
${field({
  name: "identifier",
  label: "Naam van het token",
  value: given("identifier"),
  fault: faultOf("identifier"),
  hint: "Letters, cijfers, streepjes en lage streepjes, zoals zaaksysteem-test.",
  attributes: html` autocomplete="off" required maxlength="50"`,
})}
${field({
  name: "contactPerson",
  label: "Contactpersoon",
  fault: faultOf("contactPerson"),
  value: given("contactPerson", name),
  attributes: html` autocomplete="name" required maxlength="200"`,
})}
${field({
  name: "email",
  label: "E-mailadres",
  type: "email",
  fault: faultOf("email"),
  value: given("email", user.email),
  attributes: html` autocomplete="email" required maxlength="254"`,
})}
${field({
  name: "application",
  label: "Applicatie (mag leeg blijven)",
  fault: faultOf("application"),
  value: given("application"),
  attributes: html` autocomplete="off" maxlength="200"`,
})}
${field({
  name: "expiresAt",
  label: "Geldig tot en met (mag leeg blijven)",
  type: "date",
  fault: faultOf("expiresAt"),
  value: given("expiresAt"),
  hint: "Zonder datum verloopt het token niet.",
})}
${permissions.length > 0 ? permissionBoxes({ permissions, chosen, fault: faultOf("permissions") }) : nothing}
<button>Token maken</button>
</form>`;
}

function permissionBoxes({ permissions, chosen, fault }) {
  const boxes = permissions.map((permission, index) => {
    const id = index === 0 ? "permissions" : `permissions-${index}`;
    const checked = chosen.has(permission) ? html` checked` : nothing;
    return html`<label for="${id}"><input id="${id}" type="checkbox" name="permissions" value="${permission}"${checked}> ${permission}</label>`;
  });
  return html`<fieldset>
<legend>Rechten van het token</legend>
<span class="hint">Kruist u niets aan, dan mag het token alles wat u mag, ook wat u later krijgt.</span>
${fault ? html`<span class="fault">${fault}</span>` : nothing}
${boxes}
</fieldset>`;
}

function field({ name, label, value = "", type = "text", hint, fault, attributes = nothing }) {
  const described = [hint && `${name}-uitleg`, fault && `${name}-fout`].filter(Boolean).join(" ");
  return html`<div class="field">
<label for="${name}">${label}</label>
${hint ? html`<span class="hint" id="${name}-uitleg">${hint}</span>` : nothing}
${fault ? html`<span class="fault" id="${name}-fout">${fault}</span>` : nothing}
<input id="${name}" name="${name}" type="${type}" value="${value}"${described ? html` aria-describedby="${described}"` : nothing}${fault ? html` aria-invalid="true"` : nothing}${attributes}>
</div>`;
}

export function confirmRevocation({ session, token }) {
  const body = html`<h1>Token ${token.identifier} intrekken?</h1>
<p>Programma's die het gebruiken, komen er daarna niet meer in. Dit kan niet ongedaan worden gemaakt.</p>
<form method="post" action="/tokens/${encodeURIComponent(token.identifier)}/intrekken">
${csrfField(session.csrfToken)}
<button>Token intrekken</button> <a href="/tokens">Annuleren</a>
</form>`;
  return page({ title: "Token intrekken", session, current: "/tokens", body });
}

/** Sends the browser on to the provider, to end the session there as well; with a link or button where that is switched off. */
export function signingOut({ location, form }) {
  if (form) {
    const fields = Object.entries(form.fields).map(
      ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
    );
    const button = html`<h1>U bent hier uitgelogd</h1>
<form method="post" action="${form.action}">${fields}
<button>Nu ook uitloggen bij de inlogvoorziening</button></form>`;
    return page({ title: "Uitloggen", head: html`<script src="/submit.js" defer></script>`, body: button });
  }
  const head = html`<meta http-equiv="refresh" content="0; url=${location}">`;
  const body = html`<h1>U bent hier uitgelogd</h1>
<p><a href="${location}">Nu ook uitloggen bij de inlogvoorziening</a></p>`;
  return page({ title: "Uitloggen", head, body });
}

/** A page that only reports what happened, and what to do. With `next`, logging in again may help. */
export function notice({ title, text: explanation, action, next }) {
  const again = `/login?next=${encodeURIComponent(next ?? "/")}`;
  const body = html`<h1>${title}</h1>
<p>${explanation}</p>
<p>${action}</p>
${next === undefined ? nothing : html`<p><a class="button" href="${again}">Opnieuw inloggen</a></p>`}
<p><a href="/">Naar het begin</a></p>`;
  return page({ title, body });
}
