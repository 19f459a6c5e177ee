import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { catalogueNamePattern, maxPermission, maxPermissionDescription } from "../users/names.js";

/** A permission that an API knows. */
export interface CataloguePermission {
  /** Such as `taken.view_externetaak`; a `*` stands for one part, as in `objecttype.*.read_only`. */
  readonly name: string;
  /** What it allows, for those who grant it; at most 1000 characters. */
  readonly description?: string;
}

/** The permissions of an API, as its file has them. */
export interface PermissionCatalogue {
  readonly formatVersion: 1;
  /** Sorted by name. */
  readonly permissions: readonly CataloguePermission[];
}

/** Collects the permissions of one verifier. */
export interface CatalogueCollector {
  /** @throws TypeError for what is no permission, and for a second description of one */
  readonly register: (permissions: readonly CataloguePermission[]) => void;
  readonly catalogue: () => PermissionCatalogue;
}

export function createCatalogueCollector(): CatalogueCollector {
  const descriptions = new Map<string, string | undefined>();
  return {
    register: (permissions) => {
      for (const permission of permissions) {
        assertNew(permission, descriptions);
        const { name, description = descriptions.get(name) } = permission;
        descriptions.set(name, description);
      }
    },
    catalogue: () => ({
      formatVersion: 1,
      permissions: [...descriptions]
        // Not by the machine's language.
        .sort(([one], [other]) => (one < other ? -1 : 1))
        .map(([name, description]) => (description === undefined ? { name } : { name, description })),
    }),
  };
}

function assertNew(
  { name, description }: CataloguePermission,
  descriptions: ReadonlyMap<string, string | undefined>,
): void {
  if (typeof name !== "string" || name.length > maxPermission || !catalogueNamePattern.test(name)) {
    throw new TypeError(`${JSON.stringify(name)} is not a permission; expected one such as taken.view_externetaak`);
  }
  if (description === undefined) return;
  const isText = typeof description === "string" && description.trim() !== "" && !description.includes("\0");
  if (!isText || description.length > maxPermissionDescription) {
    throw new TypeError(`the description of ${name} must be text of at most ${maxPermissionDescription} characters`);
  }
  const other = descriptions.get(name);
  if (other !== undefined && other !== description) throw new TypeError(`${name} has another description already`);
}

/**
 * Writes a catalogue as JSON for `vtb_setup.catalogue` of a configuration: the same bytes for the same permissions, and nothing
 * where the file has them already.
 *
 * @param file a path; replaced as a whole
 * @returns whether the file changed
 * @throws TypeError for a catalogue without permissions: the routes were not made yet
 */
export async function writeCatalogue(file: string, catalogue: PermissionCatalogue): Promise<boolean> {
  if (catalogue.permissions.length === 0) {
    throw new TypeError("the catalogue has no permissions: write it after the routes were made");
  }
  const text = `${JSON.stringify(catalogue, null, 2)}\n`;
  if ((await readIfThere(file)) === text) return false;
  const temporary = `${file}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, text);
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return true;
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    // Node's own errors have a code.
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
