// The exported definition as other people's software reads it: swagger-client carries operations out, swagger-parser resolves the
// schemas, and ajv holds what comes back against them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";

import { load } from "./modules.mjs";

const SwaggerClient = load("swagger-client");
const SwaggerParser = load("@apidevtools/swagger-parser");
const Ajv = load("ajv").default;
const addFormats = load("ajv-formats").default;

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch"];

export class Definition {
  /** Reads `apiDefinition.swagger.json` of a folder. */
  static async read(folder) {
    return Definition.of(JSON.parse(readFileSync(path.join(folder, "apiDefinition.swagger.json"), "utf8")));
  }

  static async of(spec) {
    return new Definition(spec, await SwaggerParser.validate(structuredClone(spec)));
  }

  constructor(spec, resolved) {
    this.spec = spec;
    this.publicBase = `https://${spec.host}${spec.basePath}`;
    const ajv = addFormats(new Ajv({ strict: false, allErrors: true }));
    const compile = (schema) => ajv.compile(forAjv(schema));
    this.problem = compile(resolved.definitions.Problem);
    this.operations = new Map();
    for (const [where, item] of Object.entries(resolved.paths)) {
      const content = item["x-ms-notification-content"];
      for (const [method, operation] of Object.entries(item).filter(([name]) => METHODS.includes(name))) {
        const answers = Object.entries(operation.responses).map(([status, answer]) => {
          const headers = Object.keys(answer.headers ?? {});
          return [Number(status), { schema: answer.schema && compile(answer.schema), headers }];
        });
        const trigger = operation["x-ms-trigger"];
        const notification = trigger === "single" ? compile(content.schema) : undefined;
        const entry = { method, where, trigger, answers: new Map(answers), notification, operation };
        this.operations.set(operation.operationId, entry);
      }
    }
  }

  /** The ids of operations, of those alone for which something holds. */
  ids(holds = () => true) {
    return [...this.operations].filter(([, operation]) => holds(operation)).map(([id]) => id);
  }

  /** swagger-client, told that the host is here and who asks. */
  async client(origin, key) {
    const { host, protocol } = new URL(origin);
    const spec = { ...structuredClone(this.spec), host, schemes: [protocol.replace(":", "")] };
    const [scheme] = Object.keys(spec.securityDefinitions);
    const client = await new SwaggerClient({ spec, authorizations: { [scheme]: key } });
    assert.deepEqual(client.errors, []);
    return client;
  }

  /** Holds an answer against what is declared for its status; what is declared for none can only be a refusal. */
  checkAnswer(id, answer) {
    const { operation, answers } = this.operations.get(id);
    const told = `${id} answered ${answer.status} ${answer.text}`;
    const declared = answers.get(answer.status);
    if (!declared) {
      assert.ok(answer.status >= 400, `${told}, which ${Object.keys(operation.responses)} do not name`);
      return this.checkProblem(answer);
    }
    for (const header of declared.headers.filter((name) => !name.startsWith("Tripline-"))) {
      assert.ok(answer.status >= 400 || answer.headers.get(header), `${told} without ${header}`);
    }
    if (answer.status >= 400) this.checkProblem(answer);
    if (!declared.schema) return assert.equal(answer.text, "", told);
    const kind = answer.status < 400 ? "application/json" : "application/problem+json";
    assert.equal(answer.headers.get("content-type"), kind, told);
    held(declared.schema, answer.body, told);
  }

  /** Holds a refusal against RFC 9457 as the definition has it. */
  checkProblem(answer) {
    const told = `${answer.status} ${answer.text}`;
    assert.equal(answer.headers.get("content-type"), "application/problem+json", told);
    held(this.problem, answer.body, told);
    assert.equal(answer.body.status, answer.status, told);
  }

  /** Holds a notification against `x-ms-notification-content`. */
  checkNotification(id, bytes) {
    const text = bytes.toString("utf8");
    held(this.operations.get(id).notification, JSON.parse(text), `${id} sent ${text}`);
  }
}

function held(check, value, told) {
  if (!check(value)) assert.fail(`${told}: ${JSON.stringify(check.errors)}`);
}

/**
 * Swagger 2.0's dialect as JSON Schema. An object is closed where it does not say that it is open: what a definition does not
 * name cannot be chosen by anybody who builds a flow, so it had better be named.
 */
function forAjv(schema) {
  if (Array.isArray(schema)) return schema.map(forAjv);
  if (schema === null || typeof schema !== "object") return schema;
  const own = Object.fromEntries(
    Object.entries(schema)
      .filter(([name]) => !["example", "default"].includes(name) && !name.startsWith("x-ms-"))
      .map(([name, value]) => [name, name === "properties" ? membersForAjv(value) : forAjv(value)]),
  );
  if (own.properties && own.additionalProperties === undefined) own.additionalProperties = false;
  if (own["x-nullable"]) own.type = [own.type, "null"];
  return own;
}

function membersForAjv(properties) {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, forAjv(value)]));
}
