import type { LoginTrial } from "../../login/login.js";
import { refusalStatus } from "../../login/refusal-codes.js";
import type { TrialResult } from "../../login/trial-result.js";
import { readTrialRights, type TrialRights } from "../../operations/trial-rights.js";
import type { AdminContext } from "../context.js";
import { message } from "../html/fields.js";
import { type Html, html, nothing } from "../html/html.js";
import { page } from "../html/layout.js";
import { facts, list, table } from "../html/parts.js";
import { type AdminRequest, answer, notFound } from "../routes.js";
import { commonTexts } from "../texts.js";
import { createView, type View } from "../view.js";
import { findAdminSession } from "../way-in/bootstrap-session.js";
import { trialTexts } from "./trial-texts.js";
import { isSuccess } from "./trials.js";

type Mapped = TrialResult & { readonly kind: "mapped" };
type Failed = TrialResult & { readonly kind: "failed" };

/** Shows what a sign-in that was tried out would do. Its claims are a person's, so only superusers see it. */
export async function trialPage(c: AdminRequest, context: AdminContext, trial: LoginTrial): Promise<Response> {
  const { settings, now, trials, database } = context;
  const session = await findAdminSession(c.req.header("cookie"), context);
  const view = createView(context, { ...c.get("view"), session });
  if (!session || !view.may("superuser")) return await notFound(c);
  const next = new URL(trial.next, settings.publicUrl);
  const tried = next.searchParams.get("tried");
  const works = isSuccess(trial);
  // What the login sealed in its state: nobody else could have put it there.
  if (works && tried !== null) trials.remember(session.principal.user.id, tried);
  const t = trialTexts[view.language];
  const { result } = trial;
  const details =
    result.kind === "failed"
      ? failedPart(view, result)
      : mappedPart(view, result, await readRights(database.kysely, result, now()));
  const body = html`<h1>${t.title}</h1>
${message(html`<p>${works ? t.works : t.fails}</p>`, works ? "done" : "warning")}
${details}
${claimsTable(view, result.claims)}
<p>${isUnsaved(trial) ? t.unsaved : t.goBack}</p>
<p><a href="${next.pathname}">${t.goOn}</a></p>`;
  return await answer(c, page(view, { title: t.title, body }));
}

function isUnsaved({ result }: LoginTrial): boolean {
  return result.kind === "mapped" && result.account === undefined;
}

function failedPart(view: View, { code, reason, claim, found, expected, hint }: Failed): Html {
  const t = trialTexts[view.language];
  const english = [found, expected, hint].filter((text) => text !== undefined);
  return html`<h2>${t.why}</h2>
<p>${t.reasons[code]}</p>
${facts([
  [t.claim, claim],
  [t.details, english.length === 0 ? undefined : html`<span lang="en">${english.join("; ")}</span>`],
  [t.code, html`<code>${code in refusalStatus ? `${code}/${reason}` : reason}</code>`],
])}`;
}

function mappedPart(view: View, result: Mapped, { access: rights, knownGroups }: TrialRights): Html {
  const t = trialTexts[view.language];
  const { user, authenticatedAt } = result;
  const auth =
    authenticatedAt === undefined
      ? message(html`<p>${t.noAuthTime}</p>`, "warning")
      : html`<p>${t.hasAuthTime(view.times.text(authenticatedAt.toISOString()))}</p>`;
  const permissions = [...rights.permissions.keys()].sort();
  return html`<h2>${t.account}</h2>
${accountPart(view, result)}
${rights.isStaff || rights.isSuperuser ? nothing : message(html`<p>${t.notStaff}</p>`, "warning")}
<h2>${t.became}</h2>
${userFacts(view, user)}
<h2>${t.groups}</h2>
${table(view, {
  caption: t.groups,
  rows: user.groups,
  empty: t.noGroups,
  columns: [
    { heading: t.group, cell: ({ name }) => name },
    {
      heading: t.value,
      cell: ({ name, mayBeCreated }) =>
        knownGroups.has(name) ? t.groupStates.known : mayBeCreated ? t.groupStates.created : t.groupStates.left,
    },
  ],
})}
<h2>${t.rights}</h2>
${rights.isSuperuser ? html`<p>${t.allRights}</p>` : permissions.length > 0 ? list(permissions) : html`<p>${t.noRights}</p>`}
<h2>${t.authTime}</h2>
${auth}
${notesPart(view, result)}`;
}

function accountPart(view: View, { account, user }: Mapped): Html {
  const t = trialTexts[view.language].accounts;
  if (account?.kind === "refused") {
    const { reasons, code } = trialTexts[view.language];
    return html`<p>${reasons.user_not_linked}</p><p>${code}: <code>${account.reason}</code></p>`;
  }
  if (account?.kind === "existing") {
    return html`<p>${account.isActive ? t.existing(account.username) : t.inactive(account.username)}</p>`;
  }
  const name = account === undefined ? t.unsaved(user.username) : t.new(user.username);
  return html`<p>${name}</p>${user.isActive === false ? html`<p>${t.inactiveByClaim}</p>` : nothing}`;
}

function userFacts(view: View, user: Mapped["user"]): Html {
  const t = trialTexts[view.language];
  const { yes, no } = commonTexts[view.language];
  const flag = (isOn: boolean | undefined) => (isOn === undefined ? t.notSaid : isOn ? yes : no);
  const { fields, notSaid } = t;
  return facts([
    [fields.username, user.username],
    [fields.email, user.email ?? notSaid],
    [fields.firstName, user.firstName ?? notSaid],
    [fields.lastName, user.lastName ?? notSaid],
    [fields.isActive, flag(user.isActive)],
    [fields.isStaff, flag(user.isStaff)],
    [fields.isSuperuser, flag(user.isSuperuser)],
  ]);
}

function notesPart(view: View, { user: { notes } }: Mapped): Html {
  if (notes.length === 0) return nothing;
  const t = trialTexts[view.language];
  const texts = notes.map(
    ({ kind, claim, found }) => html`<code>${claim}</code>: ${t.noteKinds[kind] ?? kind} (${t.found}: ${found})`,
  );
  return html`<h2>${t.notes}</h2>${list(texts)}`;
}

function claimsTable(view: View, claims: TrialResult["claims"]): Html {
  if (claims === undefined) return nothing;
  const t = trialTexts[view.language];
  return html`<h2>${t.claims}</h2>
${table(view, {
  caption: t.claims,
  rows: Object.entries(claims),
  columns: [
    { heading: t.claim, cell: ([name]) => html`<code>${name}</code>` },
    { heading: t.value, cell: ([, value]) => html`<code>${JSON.stringify(value)}</code>` },
  ],
})}`;
}

function readRights(
  db: AdminContext["database"]["kysely"],
  { user, account }: Mapped,
  nowMs: number,
): Promise<TrialRights> {
  const userId = account?.kind === "existing" ? account.userId : undefined;
  const isPartial = user.notes.some(({ kind }) => kind === "groups_kept");
  return readTrialRights(db, user, { userId, isPartial, nowMs });
}
