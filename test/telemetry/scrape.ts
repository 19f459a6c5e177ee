import { PrometheusExporter } from "@opentelemetry/exporter-prometheus";
import { MeterProvider } from "@opentelemetry/sdk-metrics";
import parsePrometheus from "parse-prometheus-text-format";
import { expect, onTestFinished } from "vitest";
import { createTelemetry, type Telemetry, type TelemetryOptions } from "../../src/telemetry/create-telemetry.js";
import { startServer } from "../support/http-server.js";

type Family = ReturnType<typeof parsePrometheus>[number];

/** Telemetry behind OpenTelemetry's exporter for Prometheus, and what Prometheus makes of it. */
export interface Scraped {
  readonly telemetry: Telemetry;
  /** What the exporter answers to a request. */
  readonly text: () => Promise<string>;
  readonly families: () => Promise<readonly Family[]>;
  /** The values of one metric, by the labels that are named, joined by a space; other labels are left out. */
  readonly values: (name: string, ...labels: string[]) => Promise<Readonly<Record<string, number>>>;
}

export async function startScraped(more: Partial<TelemetryOptions> = {}): Promise<Scraped> {
  const exporter = new PrometheusExporter({ preventServerStart: true });
  const provider = new MeterProvider({ readers: [exporter] });
  const { origin, close } = await startServer((request, response) =>
    exporter.getMetricsRequestHandler(request, response),
  );
  onTestFinished(async () => {
    await close();
    await provider.shutdown();
  });
  const text = async () => {
    const response = await fetch(`${origin}/metrics`);
    expect(response.status).toBe(200);
    return response.text();
  };
  // The parser, which is the official one of Python in JavaScript, makes one sample of all of a histogram's labels.
  const families = async () => parsePrometheus((await text()).replace(/^# TYPE \S+ histogram$/gm, ""));
  return {
    telemetry: createTelemetry({ meter: provider.getMeter("vtb-setup"), ...more }),
    text,
    families,
    values: async (name, ...labels) => {
      const samples = (await families()).flatMap((family) => (family.name === name ? family.metrics : []));
      const entries = samples.map((sample) => [keyOf(sample, labels), Number(sample.value)]);
      return Object.fromEntries(entries);
    },
  };
}

function keyOf({ labels: all = {} }: Family["metrics"][number], labels: readonly string[]): string {
  return labels.flatMap((label) => all[label] ?? []).join(" ");
}
