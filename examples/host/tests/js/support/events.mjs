// CloudEvents of the three types that triggers know.

import { randomUUID } from "node:crypto";

let last = 0;

/** The time now, later by a millisecond at least than the one before, so that nothing is late. */
function time() {
  last = Math.max(Date.now(), last + 1);
  return new Date(last).toISOString();
}

function event(instance, type, data) {
  const source = `/instances/${instance}`;
  return { specversion: "1.0", id: randomUUID(), source, type, time: time(), data };
}

export function observed(instance, kind, name, value) {
  return event(instance, "tripline.value.observed", { kind, name, value });
}

export function refreshed(instance, process, outcome, more = {}) {
  return event(instance, "tripline.refresh.completed", { process, outcome, ...more });
}

export function completed(instance, outcome, more = {}) {
  const data = { jobId: randomUUID(), scope: "full", submission: "scheduled", operation: "all", outcome, ...more };
  return event(instance, "tripline.job.completed", data);
}
