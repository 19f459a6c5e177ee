import { MeterProvider } from "@opentelemetry/sdk-metrics";
import { describe, expect, it } from "vitest";
import { createTelemetry } from "../../src/telemetry/create-telemetry.js";
import { descriptions } from "../../src/telemetry/instruments.js";
import { blocksOf, readDocument, tableUnder } from "../docs/markdown.js";

const document = readDocument("docs/telemetry.md");
const namesIn = (cell = "") => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = ""]) => name);

describe("docs/telemetry.md", () => {
  it("has every metric that is registered, with its kind, unit and description", () => {
    const registered: string[] = [];
    const meter = new MeterProvider().getMeter("test");
    const noting = new Proxy(meter, {
      get: (target, name: keyof typeof meter) => {
        const create = target[name];
        return (...parameters: unknown[]) => {
          if (typeof parameters[0] === "string") registered.push(parameters[0]);
          return Reflect.apply(create, target, parameters);
        };
      },
    });
    createTelemetry({ meter: noting });
    const rows = tableUnder(document, "## Metrics").map(([name, kind, unit, what]) => [
      namesIn(name)[0],
      kind,
      namesIn(unit)[0],
      what,
    ]);
    expect(rows.length).toBeGreaterThan(15);
    expect(rows).toEqual(
      Object.entries(descriptions).map(([name, { kind, unit, description }]) => [
        name,
        kind.replaceAll("_", " "),
        unit,
        description,
      ]),
    );
    expect(rows.map(([name]) => name).sort()).toEqual(registered.sort());
  });

  it("alerts only on metrics that there are", () => {
    const [rules] = blocksOf(document).filter(({ info }) => info === "yaml kubernetes");
    const alerted = [...(rules?.text ?? "").matchAll(/\b(vtb_setup_\w+)(?=\{|\[|\)| )/g)].map(([, name]) => name);
    expect(alerted.length).toBeGreaterThan(8);
    const there = Object.entries(descriptions).map(
      ([name, { kind }]) => name.replaceAll(".", "_") + (kind === "counter" ? "_total" : ""),
    );
    expect(alerted.filter((name) => !there.includes(name ?? ""))).toEqual([]);
  });
});
