export function withFieldTables(document: string, schema: Readonly<Record<string, unknown>>): string;
