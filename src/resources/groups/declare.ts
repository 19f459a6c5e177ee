import type { z } from "zod";
import type { Declaration } from "../../config/step.js";
import { permissionNames } from "../permissions.js";
import type { groupsSchema } from "./schema.js";

export function declareGroups({ items }: z.output<typeof groupsSchema>): readonly Declaration[] {
  return items.map((item, index) => {
    const declared = { kind: "group", key: item.name, path: ["items", index] };
    if (item.state === "absent") return { ...declared, state: "absent", attributes: {} };
    return { ...declared, attributes: { permissions: permissionNames(item.permissions) } };
  });
}
