// What the main threads of pages were busy with, by the browser's own trace.

const KEPT_FROM_MS = 20;

/**
 * Starts to trace. `stop()` gives the tasks of pages' main threads that took 20 ms or more by the
 * clock, each with the time that the processor spent on it: on a machine that is busy with other
 * things the two differ, and only the latter is the page's.
 */
export async function traceTasks(browser) {
  const session = await browser.context.browser().newBrowserCDPSession();
  const events = [];
  session.on("Tracing.dataCollected", ({ value }) => {
    for (const event of value) if (wanted(event)) events.push(event);
  });
  await session.send("Tracing.start", {
    transferMode: "ReportEvents",
    traceConfig: { includedCategories: ["toplevel"], recordMode: "recordContinuously" },
  });
  return {
    async stop() {
      const complete = new Promise((done) => session.once("Tracing.tracingComplete", done));
      await session.send("Tracing.end");
      await complete;
      await session.detach();
      return tasksOf(events);
    },
  };
}

const wanted = ({ name, dur }) =>
  name === "thread_name" || (name.endsWith("RunTask") && dur >= KEPT_FROM_MS * 1000);

function tasksOf(events) {
  const names = events.filter(({ name }) => name === "thread_name");
  const main = names.filter(({ args }) => args.name === "CrRendererMain");
  if (main.length === 0) throw new Error("the trace names no main thread");
  const threads = new Set(main.map(({ pid, tid }) => `${pid} ${tid}`));
  return events
    .filter(({ name, pid, tid }) => name !== "thread_name" && threads.has(`${pid} ${tid}`))
    .map(({ dur, tdur }) => ({ clockMs: dur / 1000, processorMs: tdur / 1000 }));
}
