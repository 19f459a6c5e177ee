import { isJsonObject, type JsonObject } from "../oidc/jwt/json-object.js";
import type { ClaimPath } from "./claim-path.js";
import type { GroupsForm } from "./claim-values.js";
import { compileGroupPattern } from "./group-pattern.js";
import { longestPersonName } from "./names.js";
import { reserveGroups } from "./reserved-groups.js";

/** The fields of a user that claims may fill, and what each holds. */
export const mappableFields = {
  email: { type: "text", longest: 254 },
  first_name: { type: "text", longest: longestPersonName },
  last_name: { type: "text", longest: longestPersonName },
  is_active: { type: "flag" },
  is_staff: { type: "flag" },
  is_superuser: { type: "flag" },
} as const;

export type MappableField = keyof typeof mappableFields;

/** How a client's claims become a user; from its `options`. */
export interface UserRules {
  /** Empty where no claim is configured: then nobody can sign in. */
  readonly usernamePath: ClaimPath;
  readonly isCaseSensitive: boolean;
  /** Lets an e-mail address be the username although the provider does not say that it checked it. */
  readonly allowsUnverifiedEmail: boolean;
  readonly fields: readonly { readonly field: MappableField; readonly path: ClaimPath }[];
  /** Mapped fields that no user has. */
  readonly unknownFields: readonly string[];
  /** Undefined where no claim gives groups. */
  readonly groupsPath: ClaimPath | undefined;
  readonly groupsForm: GroupsForm;
  /** Where a provider says that a person has more groups than fit into its answer: whether those that claims gave before stay. */
  readonly keepsOnOverage: boolean;
  readonly createsGroups: boolean;
  readonly fitsPattern: (group: string) => boolean;
  /** Groups that only files and people give, whatever a claim says; they make no superuser either. */
  readonly isReserved: (group: string) => boolean;
  readonly defaultGroups: readonly string[];
  readonly makesStaff: boolean;
  readonly superuserGroups: ReadonlySet<string>;
  /** Every path that the rules look at. */
  readonly paths: readonly ClaimPath[];
}

/** Whether the provider checked the e-mail address. */
export const verifiedEmail: ClaimPath = ["email_verified"];

/** Where a provider says of a claim that it is to be asked for elsewhere (OpenID Connect Core §5.6.2), as Entra does of many groups. */
export const claimNames = "_claim_names";
/** Entra's own mark for `groups`, where the answer goes through a URL. */
export const hasGroups: ClaimPath = ["hasgroups"];

/**
 * Reads a client's options as they are stored; a missing part gets its documented default, an odd one gives nobody anything.
 *
 * @param reservedGroups those that no claim may give
 */
export function readUserRules(options: unknown, reservedGroups: readonly string[] = []): UserRules {
  const user = objectOf(isJsonObject(options) ? options.user_settings : undefined);
  const groups = objectOf(isJsonObject(options) ? options.groups_settings : undefined);
  const mappings = Object.entries(objectOf(user.claim_mappings)).map(([name, path]) => [name, textsOf(path)] as const);
  const usernamePath = mappings.find(([name]) => name === "username")?.[1] ?? [];
  const others = mappings.filter(([name, path]) => name !== "username" && path.length > 0);
  const fields = others.flatMap(([name, path]) => (isMappable(name) ? { field: name, path } : []));
  const groupsPath = textsOf(groups.claim_mapping);
  return {
    usernamePath,
    isCaseSensitive: user.username_case_sensitive !== false,
    allowsUnverifiedEmail: user.allow_unverified_email === true,
    fields,
    unknownFields: others.map(([name]) => name).filter((name) => !isMappable(name)),
    groupsPath: groupsPath.length > 0 ? groupsPath : undefined,
    groupsForm: {
      separator: typeof groups.separator === "string" && groups.separator !== "" ? groups.separator : undefined,
      stripsPath: groups.strip_path === true,
    },
    keepsOnOverage: groups.on_overage === "keep",
    createsGroups: groups.sync === undefined || groups.sync === true,
    fitsPattern: readPattern(groups.sync_pattern),
    isReserved: reserveGroups(reservedGroups),
    defaultGroups: namesOf(groups.default_groups),
    makesStaff: groups.make_users_staff === true,
    superuserGroups: new Set(namesOf(groups.superuser_group_names)),
    paths: [usernamePath, ...fields.map(({ path }) => path), ...groupPaths(groupsPath), verifiedEmail],
  };
}

/** The claim, and what says that it is elsewhere. */
function groupPaths(path: ClaimPath): readonly ClaimPath[] {
  const [root] = path;
  return root === undefined ? [] : [path, [claimNames, root], hasGroups];
}

function readPattern(pattern: unknown): UserRules["fitsPattern"] {
  if (pattern === undefined) return compileGroupPattern("*");
  return typeof pattern === "string" ? compileGroupPattern(pattern) : () => false;
}

function objectOf(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

/** In the form that claims' names are brought into. */
function namesOf(value: unknown): readonly string[] {
  return textsOf(value).map((name) => name.normalize("NFC"));
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
}

function isMappable(name: string): name is MappableField {
  return Object.hasOwn(mappableFields, name);
}
