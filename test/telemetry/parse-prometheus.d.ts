/** The part of the package's interface that the tests use; it ships no types. */
declare module "parse-prometheus-text-format" {
  /** Values are numbers, as text. */
  function parsePrometheusTextFormat(text: string): readonly {
    readonly name: string;
    readonly metrics: readonly {
      readonly value: string;
      readonly labels?: Readonly<Record<string, string>>;
    }[];
  }[];

  export = parsePrometheusTextFormat;
}
