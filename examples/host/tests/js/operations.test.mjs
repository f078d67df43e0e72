// Every operation of the exported definition, carried out with swagger-client against a running host.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Connection, fieldsOf, idOf } from "./support/connection.mjs";
import { Definition } from "./support/definition.mjs";
import { completed, observed, refreshed } from "./support/events.mjs";
import { Host, KEYS } from "./support/host.mjs";
import { setting } from "./support/modules.mjs";
import { Receiver, checkSignature } from "./support/receiver.mjs";
import { ENVIRONMENT, LOGIN, Services, refusal } from "./support/services.mjs";

const definition = await Definition.read(setting("TRIPLINE_CONNECTOR"));

/** What has been done: an operation that nobody carries out is found by what is missing here. */
const carried = new Set();
const notified = new Set();

let services, receiver, host, ana, bo;

before(async () => {
  [services, receiver] = await Promise.all([Services.start(), Receiver.start()]);
  const { customerInsights, graph } = services;
  const { publicBase } = definition;
  host = await Host.start({ publicBase, customerInsights, graph, environment: ENVIRONMENT });
  [ana, bo] = await Promise.all(
    [KEYS.ana, KEYS.bo].map((key) => Connection.open(definition, host.origin, key, carried)),
  );
});

after(async () => {
  await host?.stop();
  await Promise.all([services.stop(), receiver.stop()]);
});

/**
 * For each trigger: what is filled in besides the instance, what happens before it that is no reason to fire, what is, and what a
 * flow is told of that. `again` makes it ready to fire once more.
 */
const TRIGGERS = {
  DataSourceRefreshFailed: {
    fields: { dataSource: "Loyalty CSV" },
    quiet: (at) => [refresh(at, "succeeded"), refreshed(at, "search", "failed", { item: { id: "x", name: "Loyalty CSV" } })],
    fires: (at) => [refresh(at, "failed")],
    told: { outcome: "failed", process: "ingestion", item: { id: "ds-1", name: "Loyalty CSV" } },
  },
  DataSourceRefreshSucceeded: {
    fields: {},
    quiet: (at) => [refresh(at, "failed")],
    fires: (at) => [refresh(at, "succeeded")],
    told: { outcome: "succeeded", process: "ingestion" },
  },
  SegmentThresholdCrossed: {
    fields: { segment: "vip", threshold: 1000, rearm: 950 },
    quiet: (at) => [observed(at, "segment", "vip", 900), observed(at, "segment", "lapsed", 5000)],
    fires: (at) => [observed(at, "segment", "vip", 1004)],
    again: (at) => [observed(at, "segment", "vip", 900)],
    told: { value: 1004, previousValue: 900, condition: { above: 1000 } },
  },
  MeasureThresholdCrossed: {
    fields: { measure: "churn-rate", threshold: 2.5, condition: "atOrBelow" },
    quiet: (at) => [observed(at, "measure", "churn-rate", 3.25)],
    fires: (at) => [observed(at, "measure", "churn-rate", 2.5)],
    again: (at) => [observed(at, "measure", "churn-rate", 3.25)],
    told: { value: 2.5, previousValue: 3.25, condition: { atOrBelow: 2.5 } },
  },
  FullRefreshCompleted: {
    fields: { submission: "scheduled", outcome: "timedOut" },
    quiet: (at) => [completed(at, "succeeded"), completed(at, "timedOut", { submission: "onDemand" })],
    fires: (at) => [completed(at, "timedOut")],
    told: { outcome: "timedOut", scope: "full", submission: "scheduled" },
  },
  UnificationCompleted: {
    fields: { outcome: "any" },
    quiet: (at) => [phase(at, "map", "quiet"), phase(at, "match", "quiet")],
    fires: (at) => unification(at),
    told: { outcome: "succeeded", phases: { map: "succeeded", match: "succeeded", merge: "succeeded" } },
  },
};

function refresh(instance, outcome) {
  const failure = outcome === "failed" ? { failure: { kind: "permanent", message: "login refused" } } : {};
  return refreshed(instance, "ingestion", outcome, { item: { id: "ds-1", name: "Loyalty CSV" }, ...failure });
}

function phase(instance, process, jobId) {
  return refreshed(instance, process, "succeeded", { jobId });
}

let jobs = 0;

function unification(instance) {
  const job = `j-${++jobs}`;
  return ["merge", "map", "match"].map((process) => phase(instance, process, job));
}

/** Each member that is asked for is there as it is asked for. */
function assertTold(firing, told) {
  for (const [member, value] of Object.entries(told)) assert.deepEqual(firing[member], value, member);
}

test("the connection test names what the definition offers", async () => {
  const { body } = await ana.call("TestConnection");
  assert.equal(body.status, "ok");
  const below = (start) => definition.ids(({ where }) => where.startsWith(start)).map((id) => definition.operations.get(id).where.slice(start.length));
  assert.deepEqual(body.actions.toSorted(), below("/actions/").toSorted());
  assert.deepEqual(body.triggers.toSorted(), below("/poll/").toSorted());
});

test("the choices of a form come by the operations that the form's fields name", async () => {
  const named = new Set();
  JSON.stringify(definition.spec, (name, value) => {
    if (["x-ms-dynamic-values", "x-ms-dynamic-list"].includes(name)) named.add(value.operationId);
    return value;
  });
  assert.deepEqual([...named].toSorted(), ["ListDatasources", "ListInstances", "ListMeasures", "ListSegments"]);
  for (const instance of ["contoso", "fabrikam"]) {
    const item = { item: { id: "ds-1", name: "Loyalty CSV" } };
    const reports = [["segment", "vip"], ["measure", "churn-rate"]].map(([kind, name]) => observed(instance, kind, `${name}-${instance}`, 1));
    await host.take(...reports, refreshed(instance, "ingestion", "succeeded", item));
  }
  const ids = async (who, operation, parameters) => (await who.call(operation, parameters)).body.value.map(({ id }) => id);
  assert.deepEqual(await ids(ana, "ListInstances"), ["/instances/contoso", "/instances/fabrikam"]);
  assert.deepEqual(await ids(bo, "ListInstances"), ["/instances/fabrikam"], "nothing is shown of what may not be watched");
  for (const instance of ["contoso", "/instances/contoso"]) {
    assert.deepEqual(await ids(ana, "ListSegments", { instance }), ["vip-contoso"]);
    assert.deepEqual(await ids(ana, "ListMeasures", { instance }), ["churn-rate-contoso"]);
    assert.deepEqual((await ids(ana, "ListDatasources", { instance })).length, 1);
    assert.deepEqual(await ids(bo, "ListSegments", { instance }), []);
  }
});

describe("each trigger as a webhook", () => {
  assert.deepEqual(Object.keys(TRIGGERS), definition.ids(({ trigger }) => trigger === "single"));
  for (const [operation, { fields, quiet, fires, told }] of Object.entries(TRIGGERS)) {
    test(`${operation} is subscribed to, told, looked at and removed`, async () => {
      const instance = `hook-${operation.toLowerCase()}`;
      const hook = receiver.hook();
      const made = await ana.post(operation, { instance, ...fields, callbackUrl: hook.url });
      assert.equal(made.status, 201);
      const { id, signingSecret } = made.body;
      const location = made.headers.get("location");
      assert.equal(location, `${definition.publicBase}/subscriptions/${id}`);
      const fresh = await ana.call("GetSubscription", { id });
      assert.deepEqual([fresh.body.fired, fresh.body.delivered, fresh.body.side], [0, 0, "unknown"]);

      await host.take(...quiet(instance));
      await host.take(...fires(instance), ...fires("elsewhere"));
      const notification = await hook.told();
      definition.checkNotification(operation, notification.body);
      checkSignature(notification, signingSecret);
      const firing = JSON.parse(notification.body);
      assertTold(firing, { ...told, trigger: id, suppressed: 0 });
      const source = firing.series?.source ?? firing.source;
      assert.equal(source, `/instances/${instance}`);
      notified.add(operation);

      const status = await until(() => ana.call("GetSubscription", { id }), ({ body }) => body.delivered === 1);
      assert.deepEqual([status.body.fired, status.body.failed, status.body.waiting], [1, 0, 0]);
      assert.equal(status.body.lastDelivery.outcome, "delivered");
      assert.deepEqual(status.body.lastFiring, firing);
      assert.ok(status.body.reason.length > 0);
      assert.ok(!status.text.includes("s3cr3t") && !status.text.includes(signingSecret), status.text);

      assert.equal((await bo.call("GetSubscription", { id })).status, 404);
      assert.equal((await bo.call("Unsubscribe", { id })).status, 204);
      assert.equal((await ana.call("GetSubscription", { id })).status, 200, "another's removal removes nothing");

      assert.equal((await ana.follow("Unsubscribe", location, "DELETE")).status, 204);
      for (let again = 0; again < 2; again++) assert.equal((await ana.call("Unsubscribe", { id })).status, 204);
      assert.equal((await ana.call("GetSubscription", { id })).status, 404);
      await host.take(...(TRIGGERS[operation].again ?? (() => []))(instance), ...fires(instance));
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.equal(hook.taken.length, 1, "nobody is told any more");
    });
  }
});

describe("each trigger as a polling trigger", () => {
  for (const [operation, { fields, quiet, fires, again = () => [], told }] of Object.entries(TRIGGERS)) {
    test(`${operation}Poll tells what has fired since, in order, and nothing twice`, async () => {
      const instance = `poll-${operation.toLowerCase()}`;
      const poll = `${operation}Poll`;
      const first = await ana.call(poll, { instance, ...fields });
      assert.deepEqual([first.status, first.text], [202, ""]);
      assert.ok(Number(first.headers.get("retry-after")) > 0);
      await host.take(...quiet(instance));
      const nothing = await ana.follow(poll, first.headers.get("location"));
      assert.equal(nothing.status, 202);
      assert.equal(nothing.headers.get("location"), first.headers.get("location"), "the state stays as it is");

      await host.take(...fires(instance), ...again(instance), ...fires(instance));
      const two = await ana.follow(poll, nothing.headers.get("location"));
      assert.deepEqual([two.status, two.body.length], [200, 2]);
      two.body.forEach((firing) => assertTold(firing, { ...told, type: definition.operations.get(operation).where.split("/").at(-1) }));
      const times = two.body.map(({ time }) => Date.parse(time));
      assert.ok(times[0] <= times[1], two.text);
      assert.notEqual(two.body[0].id, two.body[1].id);
      const retried = await ana.follow(poll, nothing.headers.get("location"));
      assert.equal(retried.text, two.text, "an answer that was lost comes again, as it was");

      // swagger-client hands the state over as a parameter of the operation, as a designer sees it.
      const triggerState = new URL(two.headers.get("location")).searchParams.get("triggerState");
      const none = await ana.call(poll, { instance, ...fields, triggerState });
      assert.equal(none.status, 202);
      await host.take(...again(instance), ...fires(instance));
      const one = await ana.call(poll, { instance, ...fields, triggerState });
      assert.deepEqual([one.status, one.body.length], [200, 1]);
      assert.ok(!two.body.some(({ id }) => id === one.body[0].id));
    });
  }

  test("names that a URL has to escape come through, in what is asked and in where to go on", async () => {
    const [operation, instance, segment] = ["SegmentThresholdCrossedPoll", "con toso", "v&ip=1 + é/#?%20"];
    const first = await ana.call(operation, { instance, segment, threshold: 1000.5 });
    await host.take(observed(instance, "segment", segment, 1), observed(instance, "segment", segment, 1001));
    const { body } = await ana.follow(operation, first.headers.get("location"));
    assert.deepEqual(body.map(({ series }) => series.name), [segment]);
  });

  test("of what many hand in at once, a poll tells what their receipts say has fired", async () => {
    const operation = "SegmentThresholdCrossedPoll";
    const first = await ana.call(operation, { instance: "crowd", segment: "vip", threshold: 1000 });
    const one = () => host.take(...[900, 1001].map((value) => observed("crowd", "segment", "vip", value)));
    const receipts = await Promise.all(Array.from({ length: 30 }, one));
    const fired = receipts.flatMap(({ firings }) => firings);
    const told = [];
    let answer = await ana.follow(operation, first.headers.get("location"));
    for (; answer.status === 200; answer = await ana.follow(operation, answer.headers.get("location"))) told.push(...answer.body);
    assert.ok(fired.length > 0);
    assert.deepEqual(told.map(({ id }) => id).toSorted(), fired.toSorted());
  });

  test("250 firings come in pages, each once and in order, and the pages follow at once", async () => {
    const operation = "SegmentThresholdCrossedPoll";
    const fields = { instance: "many", segment: "vip", threshold: 1000 };
    const first = await ana.call(operation, fields);
    const values = Array.from({ length: 250 }, (_, at) => 1001 + at);
    await host.take(...[0, ...values].flatMap((value) => [value, 900]).map((value) => observed("many", "segment", "vip", value)));
    const [seen, sizes] = [[], []];
    let answer = await ana.follow(operation, first.headers.get("location"));
    while (answer.status === 200) {
      seen.push(...answer.body);
      sizes.push([answer.body.length, answer.headers.get("retry-after") === "0"]);
      assert.equal(answer.headers.get("tripline-missed"), null);
      answer = await ana.follow(operation, answer.headers.get("location"));
    }
    assert.deepEqual(sizes, [[100, true], [100, true], [50, false]]);
    assert.deepEqual(seen.map(({ value }) => value), values);
    assert.equal(new Set(seen.map(({ id }) => id)).size, 250);
  });
});

/** For each action: what is asked of it, what it gives, and what the service behind it is asked. */
const ACTIONS = {
  CreateItem: {
    input: { instance: "contoso", entity: "Leads", item: { id: "l-7", Score: 42 } },
    gives: { status: 201, item: { id: "l-7", Score: 42 } },
    asks: ["POST", "/v1/instances/contoso/data/Leads", {}, { id: "l-7", Score: 42 }],
  },
  UpdateItem: {
    input: { instance: "contoso", entity: "Leads", id: "l-7", item: { Stage: "won" } },
    gives: { status: 204 },
    asks: ["PATCH", "/v1/instances/contoso/data/Leads/l-7", {}, { Stage: "won" }],
  },
  GetItem: {
    input: { instance: "contoso", entity: "Leads", id: "l-7" },
    gives: { item: { id: "l-7", Score: 42, Stage: "won" } },
    asks: ["GET", "/v1/instances/contoso/data/Leads/l-7", {}],
  },
  GetItems: {
    input: { instance: "contoso", entity: "Customer", $top: 1, $skip: 0, $filter: "FullName ne 'é'" },
    gives: { items: [{ id: "c-1", FullName: "Ana Bowman" }], count: 1, hasNext: true },
    asks: ["GET", "/v1/instances/contoso/data/Customer", { $filter: "FullName ne 'é'", $top: "1", $skip: "0" }],
  },
  GetEntities: {
    input: { instance: "contoso" },
    gives: { entities: [{ name: "Customer" }, { name: "Leads" }] },
    asks: ["GET", "/v1/instances/contoso/manage/entities", {}],
  },
  GetPartitions: {
    input: { instance: "contoso", entity: "Customer" },
    gives: { partitions: [{ name: "p-0" }] },
    asks: ["GET", "/v1/instances/contoso/data/Customer/partitions", {}],
  },
  GetPartitionsV2: {
    input: { instance: "contoso", entity: "Customer" },
    gives: { partitions: [{ name: "p-0", format: "parquet" }] },
    asks: ["GET", "/v1/instances/contoso/v2/data/Customer/partitions", {}],
  },
  GetPartitionData: {
    input: { instance: "contoso", entity: "Leads", partition: "p-0" },
    gives: { items: [{ id: "l-7", Score: 42, Stage: "won" }], count: 1, hasNext: false },
    asks: ["GET", "/v1/instances/contoso/data/Leads/partitions/p-0", {}],
  },
  SendStatusReport: {
    input: { dataset: "contoso", reportType: "refresh" },
    gives: { status: 202 },
    asks: ["POST", "/v1/instances/contoso/reports/refresh", {}],
  },
  SendStatusReportV2: {
    input: { dataset: "contoso", reportType: "refresh" },
    gives: { status: 202 },
    asks: ["POST", "/v1/instances/contoso/v2/reports/refresh", {}],
  },
  PostTeamsChannelMessage: {
    input: { teamId: "t-1", channelId: "19:4b6b@thread.tacv2", title: "Segment vip is above 1000" },
    gives: { messageId: "1616990032035", webUrl: "https://teams.example/m" },
    asks: ["POST", "/v1.0/teams/t-1/channels/19:4b6b@thread.tacv2/messages", {}],
  },
};

describe("each action", () => {
  for (const [operation, { input, gives, asks }] of Object.entries(ACTIONS)) {
    test(`${operation} asks the service behind it and gives what it says`, async () => {
      services.asked.length = 0;
      const answer = await ana.post(operation, input);
      assert.deepEqual([answer.status, answer.body], [200, gives]);
      assert.equal(services.asked.length, 1);
      const [{ method, path, query, body }] = services.asked;
      const [asksMethod, asksPath, asksQuery, asksBody] = asks;
      assert.deepEqual([method, decodeURIComponent(path), query], [asksMethod, asksPath, asksQuery]);
      if (asksBody) assert.deepEqual(body, asksBody);
      assert.ok(!answer.text.includes(LOGIN.token) && !answer.text.includes(LOGIN.graphToken));
    });

    test(`${operation} names the field at fault, and asks nothing`, async () => {
      services.asked.length = 0;
      const [name] = Object.keys(input);
      const faulty = { ...input, [name]: 7, zoom: 1 };
      const answer = await ana.post(operation, faulty);
      assert.deepEqual([answer.status, fieldsOf(answer).toSorted()], [400, [name, "zoom"].toSorted()]);
      assert.equal(services.asked.length, 0);
    });
  }

  const REFUSALS = [
    ["a missing item", refusal(404, "ItemNotFound"), 422],
    ["a service that is down", refusal(503, "Down", {}, "system"), 503],
    ["a throttle", refusal(429, "TooManyRequests", { "retry-after": "7" }), 429],
    ["a login that is refused", refusal(401, "TokenExpired"), 502],
  ];
  for (const [what, refused, status] of REFUSALS) {
    test(`${what} behind an action is ${status}`, async () => {
      services.refusals.push(refused, refused);
      const answer = await ana.post("GetItem", ACTIONS.GetItem.input);
      services.refusals.length = 0;
      assert.equal(answer.status, status, answer.text);
      if (status === 429) assert.equal(answer.headers.get("retry-after"), "7");
    });
  }

  test("a subscriber without a login of his own is not let in with another's", async () => {
    services.asked.length = 0;
    const answer = await bo.post("GetItem", ACTIONS.GetItem.input);
    assert.equal(answer.status, 422, answer.text);
    assert.equal(services.asked.length, 0);
  });
});

test("no operation of the definition was left out, and every webhook was told", () => {
  assert.deepEqual([...carried].toSorted(), definition.ids().toSorted());
  assert.deepEqual([...notified].toSorted(), definition.ids(({ notification }) => notification).toSorted());
});

/** Asks until something holds. */
async function until(ask, holds, milliseconds = 10_000) {
  for (const end = Date.now() + milliseconds; ; ) {
    const answer = await ask();
    if (holds(answer) || Date.now() > end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
