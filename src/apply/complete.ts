import type { Refusal } from "../plan/kind.js";
import type { Resource } from "../plan/resource.js";
import type { Finding } from "../yaml/node.js";
import type { Configuration } from "./configuration.js";
import { sleep, stopIfInterrupted } from "./interrupt.js";
import type { RunOptions } from "./options.js";
import { refuse } from "./refuse.js";

/** Finds out over the network what the files leave open, before any transaction, and what their clients ask for in vain. */
export async function completeResources(configuration: Configuration, options: RunOptions): Promise<Configuration> {
  if (options.offline) return configuration;
  const { waitMs, signal, onWaiting } = options;
  const network = {
    declared: configuration.resources,
    env: options.env,
    waitMs,
    signal,
    onWaiting,
    clock: () => options.now().getTime(),
    sleep,
  };
  const resources: Resource[] = [];
  const refusals: Refusal[] = [];
  const remarks: Finding[] = [];
  for (const kind of configuration.kinds) {
    const wanted = configuration.resources.filter((resource) => resource.kind === kind.name);
    const completion = await kind.complete?.(wanted, network).catch((error: unknown) => {
      // A request that the signal ended rejects with the signal's own error.
      stopIfInterrupted(signal);
      throw error;
    });
    for (const resource of completion?.resources ?? wanted) resources.push(resource);
    for (const refusal of completion?.refusals ?? []) refusals.push(refusal);
    for (const remark of completion?.remarks ?? []) remarks.push(remark);
  }
  stopIfInterrupted(options.signal);
  refuse(configuration, refusals);
  return { ...configuration, resources, warnings: [...configuration.warnings, ...configuration.quote(remarks)] };
}
