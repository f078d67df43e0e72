// The host as a process of its own, started as the documentation says. Nothing else in here knows its options.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { send } from "./connection.mjs";
import { setting } from "./modules.mjs";

/** Who may ask: `bo` watches one instance alone, `cy` is there to take all that there is, `ops` hands events in. */
export const KEYS = {
  ana: "k-ana-1f5Yq0CrZ9wT2mUe",
  bo: "k-bo-8sLp3Vt6XbNq1RdA42",
  cy: "k-cy-2Bv6Mk9Rx4Tq7Ls1W",
  ops: "k-ops-Zc7Hn2Wd5Jy0Gf9Q",
};

const KEY_FILE = `# who may ask, and for what
subscriber ana ${KEYS.ana}
subscriber bo ${KEYS.bo} /instances/fabrikam
subscriber cy ${KEYS.cy}
host ops ${KEYS.ops}
`;

/** How long a start or an end may take on a busy machine. */
const PATIENCE = 30_000;

export class Host {
  /** Starts one with a folder of its own, and outside services where they are given. */
  static async start({ publicBase, customerInsights, graph, environment = {} }) {
    const folder = mkdtempSync(path.join(tmpdir(), "tripline-host-"));
    writeFileSync(path.join(folder, "keys"), KEY_FILE, { mode: 0o600 });
    const options = ["--journal", path.join(folder, "journal"), "--keys", path.join(folder, "keys")];
    options.push("--listen", "127.0.0.1:0", "--base-url", publicBase, "--allow-loopback");
    if (customerInsights) options.push("--customer-insights", customerInsights);
    if (graph) options.push("--graph", graph);
    const host = new Host(folder, options, environment);
    await host.restart();
    return host;
  }

  constructor(folder, options, environment) {
    Object.assign(this, { folder, options, environment, said: "" });
  }

  /** Starts it on what is in its folder. Where it listens is another port than before. */
  async restart() {
    const env = { ...process.env, ...this.environment };
    this.said = "";
    this.child = spawn(setting("TRIPLINE_HOST"), this.options, { env, stdio: ["ignore", "pipe", "pipe"] });
    this.ended = new Promise((resolve) => this.child.on("exit", (code, signal) => resolve(signal ?? code)));
    // Should this process fail in the middle, none stays behind.
    const { child } = this;
    process.once("exit", () => child.kill("SIGKILL"));
    this.origin = await new Promise((resolve, reject) => {
      const give = (why) => (clearTimeout(timer), reject(new Error(`the host ${why}; it said: ${this.said}`)));
      const timer = setTimeout(give, PATIENCE, "did not start in time");
      const read = (chunk) => {
        this.said += chunk;
        const found = /^listening on (http:\S+)\n/m.exec(this.said);
        if (found) resolve((clearTimeout(timer), found[1]));
      };
      this.child.stdout.on("data", read);
      this.child.stderr.on("data", read);
      this.ended.then((code) => give(`ended with ${code}`));
    });
  }

  /** Hands events in, and waits until they are on the disk. */
  async take(...events) {
    const body = JSON.stringify(events);
    const headers = { "content-type": "application/cloudevents-batch+json" };
    const answer = await send("POST", `${this.origin}/events`, { key: KEYS.ops, body, headers });
    assert.equal(answer.status, 202, answer.text);
    assert.equal(answer.body.taken, events.length, answer.text);
    return answer.body;
  }

  /** Ends it as an operator does, or as a power cut does. */
  async end(signal = "SIGTERM") {
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill("SIGKILL"), PATIENCE);
    const how = await this.ended;
    clearTimeout(timer);
    assert.equal(how, signal === "SIGTERM" ? 0 : signal, this.said);
  }

  /** Ends it and takes its folder away. */
  async stop() {
    await this.end();
    rmSync(this.folder, { recursive: true });
  }
}
