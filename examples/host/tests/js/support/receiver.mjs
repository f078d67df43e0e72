// A plain HTTP server that is told what has fired. What it is sent is verified with standardwebhooks, the reference library.

import assert from "node:assert/strict";
import http from "node:http";

import { load } from "./modules.mjs";

const { Webhook, WebhookVerificationError } = load("standardwebhooks");

export class Receiver {
  static async start() {
    const receiver = new Receiver();
    await new Promise((resolve) => receiver.server.listen(0, "127.0.0.1", resolve));
    return receiver;
  }

  constructor() {
    this.hooks = new Map();
    this.server = http.createServer((request, response) => this.#take(request, response));
  }

  /** A place to be told at, which answers with these statuses one after another, and with the last of them from then on. */
  hook(...statuses) {
    const path = `/in/${this.hooks.size + 1}`;
    const hook = new Hook(`http://127.0.0.1:${this.server.address().port}${path}?sig=s3cr3t`, statuses);
    this.hooks.set(path, hook);
    return hook;
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(request, response) {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const { pathname, search } = new URL(request.url, "http://127.0.0.1");
      const hook = this.hooks.get(pathname);
      const status = hook ? hook.take({ search, request, body: Buffer.concat(parts) }) : 404;
      response.writeHead(status, { location: "/elsewhere" }).end();
    });
  }
}

class Hook {
  constructor(url, statuses) {
    Object.assign(this, { url, statuses: statuses.length ? statuses : [202], taken: [], waiting: [] });
  }

  take({ search, request, body }) {
    const status = this.statuses[Math.min(this.taken.length, this.statuses.length - 1)];
    this.taken.push({ method: request.method, search, headers: request.headers, body, status });
    this.waiting.splice(0).forEach((wake) => wake());
    return status;
  }

  /** What was the `number`th to come, waited for as long as is sensible. */
  async told(number = 1, milliseconds = 30_000) {
    const end = Date.now() + milliseconds;
    while (this.taken.length < number) {
      const left = end - Date.now();
      if (left <= 0) assert.fail(`${this.taken.length} came within ${milliseconds} ms, ${number} were waited for`);
      await new Promise((wake) => {
        const timer = setTimeout(wake, left);
        this.waiting.push(() => (clearTimeout(timer), wake()));
      });
    }
    const taken = this.taken[number - 1];
    assert.equal(taken.method, "POST");
    assert.equal(taken.search, "?sig=s3cr3t");
    assert.equal(taken.headers["content-type"], "application/json");
    return taken;
  }
}

/** Verifies what came, and that the same is refused where a byte of it, its time or the secret is another. */
export function checkSignature({ headers, body }, secret) {
  const webhook = new Webhook(secret);
  webhook.verify(body, headers);
  const refuses = (check) => assert.throws(check, WebhookVerificationError);
  const changed = Buffer.from(body);
  changed[Math.floor(changed.length / 2)] ^= 1;
  refuses(() => webhook.verify(changed, headers));
  refuses(() => webhook.verify(body.subarray(0, -1), headers));
  refuses(() => webhook.verify(body, { ...headers, "webhook-id": `${headers["webhook-id"]}x` }));
  const later = String(Number(headers["webhook-timestamp"]) + 1);
  refuses(() => webhook.verify(body, { ...headers, "webhook-timestamp": later }));
  const other = `whsec_${Buffer.alloc(32, 7).toString("base64")}`;
  refuses(() => new Webhook(other).verify(body, headers));
}
