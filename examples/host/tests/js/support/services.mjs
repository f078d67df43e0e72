// Customer Insights and Graph as far as the connector's actions ask them, in the shapes that the library reads.

import http from "node:http";

export const LOGIN = { token: "ci-token", subscriptionKey: "ci-subscription-key", graphToken: "graph-token" };

/** What the host is told of the subscriber ana's logins. */
export const ENVIRONMENT = {
  ANA_TOKEN: LOGIN.token,
  ANA_SUBSCRIPTION_KEY: LOGIN.subscriptionKey,
  ANA_GRAPH_TOKEN: LOGIN.graphToken,
};

const SEGMENTS = ["vip", "lapsed"];
const MEASURES = ["churn-rate", "revenue"];

export class Services {
  static async start() {
    const services = new Services();
    await new Promise((resolve) => services.server.listen(0, "127.0.0.1", resolve));
    const origin = `http://127.0.0.1:${services.server.address().port}`;
    return Object.assign(services, { customerInsights: `${origin}/v1`, graph: `${origin}/v1.0` });
  }

  constructor() {
    this.items = { Customer: [{ id: "c-1", FullName: "Ana Bowman" }, { id: "c-2", FullName: "Bo Chen" }], Leads: [] };
    /** What was asked, in order. */
    this.asked = [];
    /** How the next requests are refused, one after another. */
    this.refusals = [];
    this.server = http.createServer((request, response) => this.#take(request, response));
  }

  async stop() {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #take(request, response) {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString("utf8");
      const body = text ? JSON.parse(text) : undefined;
      const url = new URL(request.url, "http://127.0.0.1");
      this.asked.push({ method: request.method, path: url.pathname, query: Object.fromEntries(url.searchParams), body });
      const answer = this.refusals.shift() ?? this.#answer(request, url, body);
      response.writeHead(answer.status, { "content-type": "application/json", ...answer.headers });
      response.end(answer.body === undefined ? "" : JSON.stringify(answer.body));
    });
  }

  #answer(request, url, body) {
    const { authorization, "ocp-apim-subscription-key": key } = request.headers;
    const [, version, ...rest] = url.pathname.split("/").map(decodeURIComponent);
    if (version === "v1.0") {
      if (authorization !== `Bearer ${LOGIN.graphToken}`) return { status: 401 };
      const [teams, , channels, , messages] = rest;
      const is = request.method === "POST" && teams === "teams" && channels === "channels" && messages === "messages";
      return is ? { status: 201, body: { id: "1616990032035", webUrl: "https://teams.example/m" } } : { status: 404 };
    }
    if (authorization !== `Bearer ${LOGIN.token}` || key !== LOGIN.subscriptionKey) return refusal(401, "TokenExpired");
    const asked = `${request.method} ${rest.slice(2).join("/")}`;
    if (rest.length === 1 && rest[0] === "instances") return found(["contoso", "fabrikam"].map(instance));
    if (rest[0] !== "instances" || rest[1] !== "contoso") return refusal(404, "InstanceNotFound");
    const answers = {
      "GET manage/segments": () => found(SEGMENTS.map((name) => ({ name, friendlyName: `The ${name}`, state: "active" }))),
      "GET manage/measures": () => found(MEASURES.map((name) => ({ name, friendlyName: name, definition: { dimensions: [] } }))),
      "GET manage/datasources": () => found([{ dataSourceId: "ds-1", name: "Loyalty CSV", refreshState: "updated" }]),
      "GET manage/entities": () => found({ value: Object.keys(this.items).map((name) => ({ name })) }),
      "POST reports/refresh": () => ({ status: 202 }),
      "POST v2/reports/refresh": () => ({ status: 202 }),
    };
    return answers[asked]?.() ?? this.#data(request.method, rest.slice(2), url.searchParams, body);
  }

  #data(method, [first, ...more], query, body) {
    const [version, ...path] = first === "v2" ? ["v2", ...more.slice(1)] : ["v1", ...more];
    const items = this.items[path[0]];
    if (!items) return refusal(404, "EntityNotFound");
    const at = items.findIndex((item) => item.id === path[1]);
    const asked = `${method} ${version} ${path.slice(1).map((part) => (part.startsWith("p") ? part : "ID")).join("/")}`;
    const answers = {
      "GET v1 partitions": () => found([{ name: "p-0" }]),
      "GET v2 partitions": () => found([{ name: "p-0", format: "parquet" }]),
      "GET v1 partitions/p-0": () => found(items),
      "GET v1 ": () => found(page(items, query)),
      "GET v1 ID": () => (at < 0 ? refusal(404, "ItemNotFound") : found(items[at])),
      "POST v1 ": () => (items.push(body), { status: 201, body }),
      "PATCH v1 ID": () => (at < 0 ? refusal(404, "ItemNotFound") : (Object.assign(items[at], body), { status: 204 })),
    };
    return answers[asked]?.() ?? refusal(404, "NotFound");
  }
}

/** An `ApiErrorResult`. */
export function refusal(status, errorCode, headers = {}, exceptionCulprit = "user") {
  const body = { httpStatusCode: status, exceptionCulprit, errorCode, resultSeverity: "error" };
  return { status, headers, body: { ...body, message: `no: ${errorCode}`, params: [], ciResults: [] } };
}

function found(body) {
  return { status: 200, body };
}

function instance(name) {
  return { instanceId: name, id: name, name: `Instance ${name}`, displayName: `Instance ${name}` };
}

function page(items, query) {
  const [skip, top] = [Number(query.get("$skip") ?? 0), Number(query.get("$top") ?? items.length)];
  const value = items.slice(skip, skip + top);
  return skip + top < items.length ? { value, "@odata.nextLink": "https://ci.contoso.example/next" } : { value };
}
