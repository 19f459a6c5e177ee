export function diagnosticReference(): Readonly<Record<string, string>>;
