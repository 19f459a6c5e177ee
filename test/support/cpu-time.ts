/** The milliseconds of processor time that a piece of synchronous work takes: on a loaded machine it waits longer, but does not work more. */
export function cpuMsOf(work: () => void): number {
  const begun = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(begun);
  return (user + system) / 1000;
}
