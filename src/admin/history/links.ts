import type { ResourceName } from "../../plan/resource.js";
import type { View } from "../view.js";

/** The address of one object's history; undefined for those who may not see it. */
export function historyUrl(view: View, { kind, key }: ResourceName): string | undefined {
  return view.may("view_history") ? view.url("/history", { kind, name: key }) : undefined;
}

/** The address of one object as YAML, for a file; undefined for those who may not see it. */
export function yamlUrl(view: View, { kind, key }: ResourceName): string | undefined {
  return maySeeYaml(view, kind) ? view.url("/yaml", { kind, name: key }) : undefined;
}

/** Whether someone may see the objects of a kind at all. */
export function maySeeYaml({ may }: Pick<View, "may">, kind: string): boolean {
  if (kind === "api_token") return may("view_tokens");
  return may(kind === "user" || kind === "group" ? "view_users" : "superuser");
}
