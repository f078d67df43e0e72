// What a connection of Power Automate is: a definition, where the host is, and a key.

import assert from "node:assert/strict";

export class Connection {
  /** `carried` takes in which operations were answered well. */
  static async open(definition, origin, key, carried = new Set()) {
    return new Connection(definition, origin, key, carried, await definition.client(origin, key));
  }

  constructor(definition, origin, key, carried, client) {
    Object.assign(this, { definition, origin, key, carried, client });
  }

  /** Carries an operation out through swagger-client. */
  async call(operationId, parameters = {}) {
    const response = await this.client.execute({ operationId, parameters }).catch((error) => {
      if (error.response) return error.response;
      throw error;
    });
    // Where an answer has no content type, swagger-client gives a blob.
    const text = response.data instanceof Blob ? await response.data.text() : response.text;
    return this.#checked(operationId, answerOf(response.status, new Headers(response.headers), text));
  }

  /** Carries an operation out that has a body. */
  post(operationId, body) {
    return this.call(operationId, { body });
  }

  /** Goes where a `Location` leads, as the platform does. */
  async follow(operationId, location, method = "GET") {
    return this.#checked(operationId, await send(method, this.local(location), { key: this.key }));
  }

  /** A request that need not be one of the definition; it has to be refused, with a problem. */
  async refused(method, where, options = {}) {
    const answer = await send(method, this.local(where), { key: this.key, ...options });
    assert.ok(answer.status >= 400, `${method} ${where} was not refused: ${answer.status} ${answer.text}`);
    this.definition.checkProblem(answer);
    return answer;
  }

  /** A public URL, or a path below the base, as it is found here: what a proxy before the host does. */
  local(location) {
    const { publicBase, spec } = this.definition;
    if (location.startsWith("/")) return `${this.origin}${spec.basePath}${location}`;
    assert.ok(location.startsWith(`${publicBase}/`), `${location} is not below ${publicBase}`);
    return `${this.origin}${location.slice(`https://${spec.host}`.length)}`;
  }

  #checked(operationId, answer) {
    this.definition.checkAnswer(operationId, answer);
    if (answer.status < 300) this.carried.add(operationId);
    return answer;
  }
}

/** One request over HTTP, nothing added to it but what is asked for. */
export async function send(method, url, { key, body, headers = {} } = {}) {
  const own = { ...(key ? { "x-api-key": key } : {}), ...headers };
  const response = await fetch(url, { method, body, headers: own, redirect: "manual", duplex: "half" });
  return answerOf(response.status, response.headers, await response.text());
}

function answerOf(status, headers, text) {
  const isJson = /^application\/(problem\+)?json$/.test(headers.get("content-type") ?? "");
  return { status, headers, text, body: isJson ? JSON.parse(text) : undefined };
}

/** The fields that a refusal names, in their order. */
export function fieldsOf(answer) {
  return (answer.body.errors ?? []).map(({ field }) => field);
}

/** The id at the end of a subscription's `Location`. */
export function idOf(answer) {
  return answer.headers.get("location").split("/").at(-1);
}
