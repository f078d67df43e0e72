// The reference library of Standard Webhooks for JavaScript as an oracle; see tests/it/webhook_oracles.rs.
//
//     npm install standardwebhooks@1
//
// usage: standard_webhooks.js now       the clock, in whole seconds
//        standard_webhooks.js sign      {"secret", "id", "timestamp", "body"} a line: the signature that the library makes
//        standard_webhooks.js verify    {"secret", "headers", "body"} a line: "ok", or "refused" and why
//
// TRIPLINE_NODE_MODULES names the node_modules folder that has it.

const { createRequire } = require("node:module");
const { readFileSync } = require("node:fs");
const path = require("node:path");

const modules = path.resolve(process.env.TRIPLINE_NODE_MODULES);
const { Webhook, WebhookVerificationError } = createRequire(path.join(modules, "x.js"))("standardwebhooks");

const verbs = {
  sign: ({ secret, id, timestamp, body }) => new Webhook(secret).sign(id, new Date(timestamp * 1000), body),
  verify: ({ secret, headers, body }) => {
    try {
      new Webhook(secret).verify(body, headers);
      return "ok";
    } catch (error) {
      if (error instanceof WebhookVerificationError) return `refused ${error.message}`;
      throw error;
    }
  },
};

const verb = process.argv[2];
if (verb === "now") {
  console.log(Math.floor(Date.now() / 1000));
} else {
  const lines = readFileSync(0, "utf8").split("\n").filter(Boolean);
  console.log(lines.map((line) => verbs[verb](JSON.parse(line))).join("\n"));
}
