export function pageFaults(): string[];
export function outlineOf(element: unknown): string;
