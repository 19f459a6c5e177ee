/** Says whether a group is one that no claim may give. Names that only differ by case or by the form of their letters count as one. */
export function reserveGroups(names: readonly string[]): (name: string) => boolean {
  const reserved = new Set(names.map(fold));
  return reserved.size === 0 ? () => false : (name) => reserved.has(fold(name));
}

function fold(name: string): string {
  return name.normalize("NFKC").trim().toLowerCase();
}
