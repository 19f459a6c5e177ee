import { claimedAccess } from "../access/claimed-access.js";
import { type Access, hasPermission, isUserActive, tokenAccess, tokenState, userAccess } from "../access/effective.js";
import type { AccessFacts } from "../access/facts.js";
import { explainAccess, type Link, type WhyPrincipal } from "../access/why.js";
import { fitsPattern } from "../config/catalogue.js";
import { nearest } from "../nearest.js";
import type { RawDiagnostic } from "../yaml/node.js";
import type { AccessTest, TestedPrincipal } from "./access-test-file.js";

/** What became of one test. */
export interface AccessTestResult {
  readonly test: AccessTest;
  /** None of a test that passed. */
  readonly failures: readonly AccessTestFailure[];
}

/** One expectation that is not met, and what decides it. */
export interface AccessTestFailure {
  readonly expectation: "may" | "may_not" | "only" | "is_superuser" | "is_staff" | "is_accepted";
  readonly permission: string | undefined;
  readonly diagnostic: RawDiagnostic;
  readonly links: readonly Link[];
}

/** What tests are run on. */
export interface AccessTestWorld {
  readonly facts: AccessFacts;
  readonly nowMs: number;
  /** What is told to do about a name that is not there, beside correcting it. */
  readonly missing: string;
}

/** Runs tests whose principals {@link checkPrincipals} has found. */
export async function runAccessTests(
  tests: readonly AccessTest[],
  world: AccessTestWorld,
): Promise<readonly AccessTestResult[]> {
  const results: AccessTestResult[] = [];
  for (const test of tests) results.push({ test, failures: await runTest(test, world) });
  return results;
}

/** Names of principals that nothing has, each with the one that was probably meant. */
export function checkPrincipals(
  tests: readonly AccessTest[],
  { facts, missing }: AccessTestWorld,
): readonly RawDiagnostic[] {
  const names = {
    user: [...facts.users.values()].flatMap(({ username, isService }) => (isService ? [] : username)),
    token: [...facts.tokens.values()].map(({ identifier }) => identifier),
    client: [...facts.clients.values()].map(({ identifier }) => identifier),
  };
  return tests.flatMap(({ principal: { kind, name }, rangeOf, path }) => {
    if (names[kind].includes(name)) return [];
    const near = nearest(name, names[kind]);
    return [
      {
        severity: "error",
        code: "REFERENCE_NOT_FOUND",
        message: `there is no ${kind} ${name}`,
        hint: near === undefined ? missing : `did you mean ${near}?`,
        range: rangeOf(kind),
        path: `${path}.${kind}`,
      },
    ];
  });
}

/** Warns of permissions that nobody has, and that are nearly one that is given: not to have them is no proof. */
export function reviewPermissions(tests: readonly AccessTest[], { facts }: AccessTestWorld): readonly RawDiagnostic[] {
  const known = new Set<string>();
  for (const { permissions } of [...facts.groups.values(), ...facts.users.values()]) {
    for (const { permission } of permissions) known.add(permission);
  }
  for (const { narrowedTo } of facts.tokens.values()) for (const permission of narrowedTo ?? []) known.add(permission);
  return tests.flatMap(({ mayNot, rangeOf, path }) =>
    mayNot.flatMap((permission): readonly RawDiagnostic[] => {
      if (permission.includes("*") || known.has(permission)) return [];
      const near = nearest(permission, known);
      if (near === undefined) return [];
      const message = `nobody has ${permission}, which is nearly ${near}`;
      const hint = `did you mean ${near}? A catalogue of permissions makes this certain`;
      const range = rangeOf("may_not", permission);
      return [{ severity: "warning", code: "UNKNOWN_PERMISSION", message, hint, range, path: `${path}.may_not` }];
    }),
  );
}

/** A principal at the time of its test. */
interface Tested {
  readonly access: Access;
  readonly isAccepted: boolean;
  readonly why: (permission: string) => readonly Link[];
}

async function runTest(test: AccessTest, world: AccessTestWorld): Promise<readonly AccessTestFailure[]> {
  const nowMs = test.atMs ?? world.nowMs;
  const { access, isAccepted, why } = await findTested(test.principal, world.facts, nowMs);
  const who = describeTested(test.principal);
  const failure = (
    expectation: AccessTestFailure["expectation"],
    text: string,
    links: readonly Link[],
    permission?: string,
  ): AccessTestFailure => ({
    expectation,
    permission,
    links,
    diagnostic: {
      severity: "error",
      code: "ACCESS_TEST_FAILED",
      message: `${test.isNamed ? `${test.name}: ` : ""}${who} ${text}`,
      range: test.rangeOf(expectation, permission),
      path: `${test.path}.${expectation}`,
    },
  });
  /** Only what decides about being a superuser, or being accepted. */
  const whyOf = (kinds: readonly Link["kind"][]) => why("").filter(({ kind }) => kinds.includes(kind));
  const failures: AccessTestFailure[] = [];
  for (const permission of test.may) {
    if (hasPermission(access, permission)) continue;
    failures.push(failure("may", `may not ${permission}, but must`, why(permission), permission));
  }
  for (const pattern of test.mayNot) {
    if (access.isSuperuser) {
      failures.push(failure("may_not", `may ${pattern}, but must not`, whyOf(["superuser"]), pattern));
      continue;
    }
    for (const permission of [...access.permissions.keys()].filter((one) => fitsPattern(pattern, one)).sort()) {
      failures.push({
        ...failure("may_not", `may ${permission}, but must not`, why(permission), pattern),
        permission,
      });
    }
  }
  if (test.only && access.isSuperuser) {
    failures.push(failure("only", "may do everything, but must have nothing beyond `may`", whyOf(["superuser"])));
  } else if (test.only) {
    for (const permission of [...access.permissions.keys()].filter((one) => !test.may.includes(one)).sort()) {
      failures.push(failure("only", `may ${permission}, which is not in \`may\``, why(permission), permission));
    }
  }
  if (test.isSuperuser !== undefined && test.isSuperuser !== access.isSuperuser) {
    const text = access.isSuperuser ? "is a superuser, but must not be" : "is no superuser, but must be";
    failures.push(failure("is_superuser", text, whyOf(["superuser", "narrowing", ...stops])));
  }
  if (test.isStaff !== undefined && test.isStaff !== access.isStaff) {
    const text = access.isStaff ? "is staff, but must not be" : "is no staff, but must be";
    failures.push(failure("is_staff", text, whyOf(stops)));
  }
  if (test.isAccepted !== undefined && test.isAccepted !== isAccepted) {
    const text = isAccepted ? "is accepted, but must be rejected" : "is rejected, but must be accepted";
    failures.push(failure("is_accepted", text, whyOf(["claims", ...stops])));
  }
  const startOf = ({ diagnostic }: AccessTestFailure) => diagnostic.range?.start ?? 0;
  return failures.sort((one, other) => startOf(one) - startOf(other));
}

const stops = ["token_state", "inactive", "claims_rejected"] as const;

async function findTested(principal: TestedPrincipal, facts: AccessFacts, nowMs: number): Promise<Tested> {
  const because = (of: WhyPrincipal) => (permission: string) => explainAccess(facts, of, permission, nowMs).links;
  switch (principal.kind) {
    case "user": {
      const user = found(
        [...facts.users.values()].find(({ username, isService }) => username === principal.name && !isService),
      );
      const tested = { kind: "user", user } as const;
      return {
        access: userAccess(facts, user, nowMs),
        isAccepted: isUserActive(user),
        why: because(tested),
      };
    }
    case "token": {
      const token = found([...facts.tokens.values()].find(({ identifier }) => identifier === principal.name));
      const user = facts.users.get(token.userId);
      const tested = { kind: "token", token } as const;
      const access = tokenAccess(token, user, userAccess(facts, user, nowMs), nowMs);
      return {
        access,
        isAccepted: tokenState(token, user, nowMs) === "active",
        why: because(tested),
      };
    }
    case "client": {
      const client = found([...facts.clients.values()].find(({ identifier }) => identifier === principal.name));
      const claims = principal.claims as Parameters<typeof claimedAccess>[2]; // YAML's values are those of JSON
      const claimed = await claimedAccess(facts, client, claims);
      const tested = { kind: "claims", claimed } as const;
      const user = claimed.kind === "user" ? claimed.user : undefined;
      const access = userAccess(claimed.kind === "user" ? claimed.facts : facts, user, nowMs);
      return { access, isAccepted: isUserActive(user), why: because(tested) };
    }
  }
}

function found<Fact>(fact: Fact | undefined): Fact {
  if (fact === undefined) throw new TypeError("the principal of a test was not looked up");
  return fact;
}

function describeTested({ kind, name }: TestedPrincipal): string {
  return kind === "client" ? `a person with these claims, through client ${name},` : `${kind} ${name}`;
}
