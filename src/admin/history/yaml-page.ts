import type { Hono } from "hono";
import type { AdminContext } from "../context.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { copyButton, list } from "../html/parts.js";
import type { Texts } from "../language.js";
import { noticePage } from "../notice.js";
import { type AdminEnv, answer, notFound } from "../routes.js";
import { commonTexts } from "../texts.js";
import type { View } from "../view.js";
import { historyUrl, maySeeYaml } from "./links.js";
import { historyTexts, kindName } from "./texts.js";

const nl = {
  title: (kind: string, name: string) => `${kind} ${name} als YAML`,
  lead: "Dit is de tekst voor een configuratiebestand. Zo kan een bestand dit beheren. Geheimen staan er niet in.",
  variables: "Bij het toepassen moeten deze variabelen de geheimen bevatten:",
  file: "Plaats de tekst in een bestand en pas dat toe met `vtb-setup apply`. Daarna is wijzigen alleen nog in dat bestand mogelijk.",
};

const en: typeof nl = {
  title: (kind, name) => `${kind} ${name} as YAML`,
  lead: "This is the text for a configuration file, so that a file can manage this. It holds no secrets.",
  variables: "When the file is applied, these variables must hold the secrets:",
  file: "Put the text into a file and apply it with `vtb-setup apply`. From then on, it can only be changed in that file.",
};

const texts: Texts<typeof nl> = { nl, en };

/** One object as a configuration file has it. */
export function addYaml(app: Hono<AdminEnv>, { database, env }: AdminContext): void {
  app.get("/yaml", async (c) => {
    const view = c.get("view");
    const [kind, key] = [c.req.query("kind") ?? "", (c.req.query("name") ?? "").replaceAll("\0", "")];
    if (!maySeeYaml(view, kind)) {
      const t = commonTexts[view.language].notAllowed;
      return await answer(c, noticePage(view, { ...t, action: undefined }), 403);
    }
    const { entriesAsYaml } = await import("../../apply/export.js");
    const { text, variables, missing } = await entriesAsYaml(database, env, [{ kind, key }]);
    if (missing.length > 0) return await notFound(c);
    const names = variables.map(({ name }) => name);
    return await answer(c, yamlPage(view, { kind, key, text, names }));
  });
}

interface Shown {
  readonly kind: string;
  readonly key: string;
  readonly text: string;
  /** Of the variables. */
  readonly names: readonly string[];
}

function yamlPage(view: View, { kind, key, text, names }: Shown): Html {
  const t = texts[view.language];
  const title = t.title(kindName(kind, view.language), key);
  const history = historyUrl(view, { kind, key });
  const body = html`<h1>${title}</h1>
<p>${t.lead}</p>
<p>${t.file}</p>
${names.length === 0 ? nothing : message(html`<p>${t.variables}</p>${list(names.map((name) => html`<code>${name}</code>`))}`, "note")}
<p>${copyButton(view, "yaml")}</p>
<pre id="yaml" tabindex="0">${text}</pre>
${history === undefined ? nothing : html`<p><a href="${history}">${historyTexts[view.language].of(kindName(kind, view.language), key)}</a></p>`}`;
  return page(view, { title, body });
}
