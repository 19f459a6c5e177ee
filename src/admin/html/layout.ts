import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { message } from "./fields.js";
import { type Html, html, nothing } from "./html.js";

interface Page {
  readonly title: string;
  readonly body: Html;
  /** More for the head, such as a refresh. */
  readonly head?: Html;
  /** The form on it was refused: its title says so, for screen readers. */
  readonly isRefused?: boolean;
}

/** The places in the main menu, and the rights of which one is needed to see each. */
const places = [
  { path: "/", name: "home", rights: [] },
  { path: "/tokens", name: "tokens", rights: [] },
  { path: "/users", name: "users", rights: ["view_users"] },
  { path: "/groups", name: "groups", rights: ["view_users"] },
  { path: "/openid", name: "openid", rights: ["superuser"] },
  { path: "/access", name: "access", rights: ["view_users", "view_tokens"] },
  { path: "/history", name: "history", rights: ["view_history"] },
] as const;

/** A whole page. */
export function page(view: View, { title, body, head = nothing, isRefused = false }: Page): Html {
  const t = commonTexts[view.language];
  return html`<!doctype html>
<html lang="${view.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${isRefused ? `${t.error}: ` : ""}${title} – ${t.product}</title>
<link rel="stylesheet" href="${view.asset("style")}">
${view.styleSheet === undefined ? nothing : html`<link rel="stylesheet" href="${view.styleSheet}">`}
<script src="${view.asset("script")}" defer></script>
${head}
</head>
<body>
<a class="skip" href="#content">${t.skip}</a>
<header>
<div class="bar">
<p class="product"><a href="${view.url("/")}">${t.product}</a></p>
<div class="who">${languageSwitch(view)}${view.session ? whoIsSignedIn(view) : nothing}</div>
</div>
${view.session ? menu(view) : nothing}
</header>
<main id="content" tabindex="-1">
${view.session?.isBootstrap ? message(html`<p>${t.bootstrap.banner}</p>`, "warning") : nothing}
${body}
</main>
</body>
</html>`;
}

function menu(view: View): Html {
  const t = commonTexts[view.language];
  const [current = ""] = view.path.split("?", 1);
  const isOpen = ({ name, rights }: (typeof places)[number]): boolean =>
    name === "home" || rights.some(view.may) || (rights.length === 0 && !view.session?.isBootstrap);
  const shown = places.filter(isOpen);
  const items = shown.map(({ path, name }) => {
    const isCurrent = path === "/" ? current === "/" : current === path || current.startsWith(`${path}/`);
    const attribute = isCurrent ? html` aria-current="${current === path ? "page" : "true"}"` : nothing;
    return html`<li><a href="${view.url(path)}"${attribute}>${t.menu[name]}</a></li>`;
  });
  return html`<nav class="menu" aria-label="${t.mainMenu}"><ul>${items}</ul></nav>`;
}

function whoIsSignedIn(view: View): Html {
  const t = commonTexts[view.language];
  const { session } = view;
  const name = html`<span>${t.signedInAs} <a href="${view.url("/account")}"><strong>${session?.principal.user.username}</strong></a></span>`;
  return html`${session?.isBootstrap ? html`<span>${t.bootstrap.who}</span>` : name}
<form method="post" action="${view.url("/sign-out")}">${csrf(view)}<button class="link">${t.signOut}</button></form>`;
}

function languageSwitch(view: View): Html {
  const other = view.language === "nl" ? "en" : "nl";
  const name = { nl: "Nederlands", en: "English" }[other];
  // The provider's answer has a code in it, and works once.
  const next = view.path.startsWith("/oidc/") ? "/" : view.path;
  return html`<form method="post" action="${view.url("/language")}">
<input type="hidden" name="language" value="${other}"><input type="hidden" name="next" value="${next}">
<button class="link" lang="${other}">${name}</button></form>`;
}

/** The hidden field without which no form is accepted. */
export function csrf({ session }: View): Html {
  return session ? html`<input type="hidden" name="csrf" value="${session.csrfToken}">` : nothing;
}
