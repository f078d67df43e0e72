// What strangers send: each has its status and a problem that names the field, nothing is made of it, and nobody else is harmed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";

import { Connection, fieldsOf, send } from "./support/connection.mjs";
import { Definition } from "./support/definition.mjs";
import { observed } from "./support/events.mjs";
import { Host, KEYS } from "./support/host.mjs";
import { setting } from "./support/modules.mjs";

const definition = await Definition.read(setting("TRIPLINE_CONNECTOR"));
const JSON_BODY = { "content-type": "application/json" };
const CALLBACK = "http://127.0.0.1:9/in?sig=s3cr3t";
const SEGMENT = { instance: "contoso", segment: "vip", threshold: 1000 };

let host, ana, bo;

before(async () => {
  host = await Host.start({ publicBase: definition.publicBase });
  [ana, bo] = await Promise.all([KEYS.ana, KEYS.bo].map((key) => Connection.open(definition, host.origin, key)));
});

after(() => host?.stop());

const subscribe = (body) => ana.post("SegmentThresholdCrossed", { ...SEGMENT, callbackUrl: CALLBACK, ...body });
const json = (value) => ({ body: JSON.stringify(value), headers: JSON_BODY });

test("every operation is 401 without a key, with a wrong one, with the host's, and with one in the query", async () => {
  for (const [id, { method, where }] of definition.operations) {
    const url = ana.local(where.replace("{id}", "x"));
    const body = method === "post" ? json({}) : {};
    for (const key of [undefined, "k-ana-1f5Yq0CrZ9wT2mUE", KEYS.ana.slice(0, -1), KEYS.ops]) {
      const answer = await send(method.toUpperCase(), url, { key, ...body });
      assert.equal(answer.status, 401, `${id} with ${key}: ${answer.text}`);
      definition.checkAnswer(id, answer);
    }
    const answer = await send(method.toUpperCase(), `${url}?X-Api-Key=${KEYS.ana}`, body);
    assert.equal(answer.status, 401, id);
  }
});

test("events are taken from the host's key alone, and faulty ones are refused", async () => {
  const event = JSON.stringify(observed("contoso", "segment", "vip", 1));
  const headers = { "content-type": "application/cloudevents+json" };
  for (const key of [undefined, KEYS.ana, "k-ops-Zc7Hn2Wd5Jy0Gf9q"]) {
    const answer = await send("POST", `${host.origin}/events`, { key, body: event, headers });
    assert.equal(answer.status, 401);
    definition.checkProblem(answer);
  }
  for (const body of ["", "{", "{}", "[]", event.replace('"id"', '"identity"')]) {
    const answer = await send("POST", `${host.origin}/events`, { key: KEYS.ops, body, headers });
    assert.equal(answer.status, 400, `${body}: ${answer.text}`);
    definition.checkProblem(answer);
  }
});

test("what is no operation is 404, and another method is 405 and says which there are", async () => {
  for (const where of ["/subscriptions/noData", "/subscriptions/SegmentThresholdCrossed", "/actions/x", "/actions/GetItem"]) {
    assert.equal((await ana.refused("POST", where, json({ instance: "contoso" }))).status, 404, where);
  }
  for (const where of ["/poll/noData?instance=*", "/nothing", "/", "/subscriptions", "/connection/x", "/Connection"]) {
    assert.equal((await ana.refused("GET", where)).status, 404, where);
  }
  for (const where of ["/nothing", "/v1", "/v1x/connection", "/events/x"]) {
    const answer = await send("GET", `${host.origin}${where}`, { key: KEYS.ana });
    assert.equal(answer.status, 404, where);
    definition.checkProblem(answer);
  }
  const read = await send("GET", `${host.origin}/events`, { key: KEYS.ops });
  assert.deepEqual([read.status, read.headers.get("allow")], [405, "POST"]);
  definition.checkProblem(read);
  for (const { method, where } of definition.operations.values()) {
    const other = method === "get" ? "PUT" : "PATCH";
    const answer = await ana.refused(other, where.replace("{id}", "x"), json({}));
    assert.equal(answer.status, 405, where);
    assert.ok(answer.headers.get("allow").includes(method.toUpperCase()), where);
  }
  for (const type of ["text/plain", "application/xml"]) {
    const answer = await ana.refused("POST", "/actions/getItem", { body: "{}", headers: { "content-type": type } });
    assert.equal(answer.status, 415, type);
  }
});

describe("each faulty field is named", () => {
  const FAULTS = [
    ["a threshold as text", { threshold: "1000" }, ["threshold"]],
    ["a re-arm level as text", { rearm: "950" }, ["rearm"]],
    ["a re-arm level on the wrong side", { rearm: 1200 }, ["rearm"]],
    ["a number that no float holds", { threshold: 9007199254740993n }, ["threshold"]],
    ["a missing segment and an unknown field", { segment: undefined, zoom: 1 }, ["segment", "zoom"]],
    ["wrong types", { instance: null, segment: 7, hold: "10M", condition: "over" }, ["instance", "segment", "condition", "hold"]],
    ["no callback", { callbackUrl: undefined }, ["callbackUrl"]],
    ["a callback that is no text", { callbackUrl: [CALLBACK] }, ["callbackUrl"]],
  ];
  for (const [what, change, fields] of FAULTS) {
    test(what, async () => {
      const body = { ...SEGMENT, callbackUrl: CALLBACK, ...change };
      const text = JSON.stringify(body, (_, value) => (typeof value === "bigint" ? "#big" : value)).replace('"#big"', "9007199254740993");
      const answer = await ana.refused("POST", "/subscriptions/segmentThresholdCrossed", { body: text, headers: JSON_BODY });
      definition.checkAnswer("SegmentThresholdCrossed", answer);
      assert.deepEqual([answer.status, fieldsOf(answer).toSorted()], [400, fields.toSorted()], answer.text);
    });
  }

  test("a field twice, and what is no JSON object", async () => {
    const twice = `{"instance":"*","segment":"vip","threshold":1,"threshold":2,"callbackUrl":"${CALLBACK}"}`;
    for (const body of [twice, "", "{", "[]", "null", '"x"', "[".repeat(5_000), Buffer.from([0x7b, 0xff, 0x7d])]) {
      const answer = await ana.refused("POST", "/subscriptions/segmentThresholdCrossed", { body, headers: JSON_BODY });
      assert.equal(answer.status, 400, `${body}: ${answer.text}`);
    }
  });

  test("of a poll", async () => {
    for (const [query, field] of [
      ["instance=contoso&segment=vip&threshold=NaN", "threshold"],
      ["instance=contoso&segment=vip&threshold=%2B1", "threshold"],
      ["instance=contoso&threshold=1", "segment"],
      ["instance=contoso&segment=vip&threshold=1&hold=P1Y", "hold"],
      ["instance=contoso&segment=vip&threshold=1&zoom=1", "zoom"],
      ["instance=contoso&segment=vip&threshold=1&instance=x", "instance"],
    ]) {
      const answer = await ana.refused("GET", `/poll/segmentThresholdCrossed?${query}`);
      assert.deepEqual([answer.status, fieldsOf(answer)], [400, [field]], query);
    }
    assert.deepEqual(fieldsOf(await ana.call("ListSegments", { instance: "" }).catch(() => ana.refused("GET", "/segments"))), ["instance"]);
  });
});

test("a callback that leads inside is refused, however it is written", async () => {
  for (const callbackUrl of [
    "http://10.0.0.7/in",
    "https://192.168.1.1/in",
    "https://169.254.169.254/latest/meta-data",
    "https://[fd00::1]/",
    "https://0x0a.0.0.7/",
    "https://167772167/",
    "https://[::ffff:10.0.0.7]/",
    "https://metadata.google.internal/",
    "https://printer.local/",
    "https://user:pass@hooks.contoso.example/",
    "https://hooks.contoso.example/#f",
    "https://hooks.contoso.example\\@10.0.0.7/",
    "ftp://hooks.contoso.example/",
    "hooks.contoso.example",
    "",
  ]) {
    const answer = await subscribe({ callbackUrl });
    assert.deepEqual([answer.status, fieldsOf(answer)], [400, ["callbackUrl"]], `${callbackUrl}: ${answer.text}`);
  }
});

test("forged and foreign ids and states show nothing and change nothing", async () => {
  const made = await subscribe({});
  assert.equal(made.status, 201);
  const { id } = made.body;
  const forged = `${id[0] === "A" ? "B" : "A"}${id.slice(1)}`;
  const absent = await ana.call("GetSubscription", { id: forged });
  const foreign = await bo.call("GetSubscription", { id });
  assert.deepEqual([absent.status, foreign.status, foreign.text], [404, 404, absent.text], "both are answered alike");
  for (const other of ["..%2F..%2Fetc", "%00", "x".repeat(4_000)]) {
    assert.ok([400, 404].includes((await bo.refused("GET", `/subscriptions/${other}`)).status), other);
  }
  assert.equal((await bo.call("Unsubscribe", { id })).status, 204);
  assert.equal((await ana.call("GetSubscription", { id })).status, 200);
  assert.equal((await ana.call("Unsubscribe", { id })).status, 204);

  const poll = "SegmentThresholdCrossedPoll";
  const own = { instance: "fabrikam", segment: "vip", threshold: 1000 };
  const [anas, bos] = [await ana.call(poll, own), await bo.call(poll, own)];
  const stateOf = (answer) => new URL(answer.headers.get("location")).searchParams.get("triggerState");
  const state = stateOf(anas);
  const [subscription, cursor, mac] = state.split(".");
  for (const [asker, parameters] of [
    [bo, { ...own, triggerState: state }],
    [ana, { ...own, triggerState: stateOf(bos) }],
    [ana, { ...own, triggerState: `${subscription}.${Number(cursor) + 1}.${mac}` }],
    [ana, { ...own, triggerState: `${state}x` }],
    [ana, { ...own, triggerState: "0" }],
    [ana, { ...own, threshold: 999, triggerState: state }],
  ]) {
    const answer = await asker.call(poll, parameters);
    assert.deepEqual([answer.status, fieldsOf(answer)], [400, ["triggerState"]], JSON.stringify(parameters));
  }
  const watched = await bo.call(poll, { ...own, instance: "contoso" });
  assert.deepEqual([watched.status, fieldsOf(watched)], [403, ["instance"]]);
  assert.equal((await ana.call(poll, { ...own, triggerState: state })).status, 202);
});

test("a body over the limit is 413, whether its length is told beforehand or not", async () => {
  const big = JSON.stringify({ ...SEGMENT, callbackUrl: CALLBACK, segment: "x".repeat(300 << 10) });
  const chunked = () => new Blob([big]).stream();
  for (const where of ["/subscriptions/segmentThresholdCrossed", "/actions/getItem"]) {
    for (const body of [big, chunked(), "x".repeat(5 << 20)]) {
      const answer = await ana.refused("POST", where, { body, headers: JSON_BODY });
      assert.equal(answer.status, 413, answer.text);
    }
  }
  const within = await ana.refused("POST", "/subscriptions/segmentThresholdCrossed", json({ segment: "x".repeat(200 << 10) }));
  assert.equal(within.status, 400);
});

test("10,000 subscriptions by one are 500 and 9,500 refusals that name the limit; others still may", async () => {
  const cy = await Connection.open(definition, host.origin, KEYS.cy);
  const counts = { 201: 0, 429: 0 };
  let refused, kept;
  const one = async () => {
    const body = { ...SEGMENT, callbackUrl: CALLBACK };
    const answer = await send("POST", cy.local("/subscriptions/segmentThresholdCrossed"), { key: KEYS.cy, ...json(body) });
    counts[answer.status]++;
    if (answer.status === 201) kept = answer;
    else refused = answer;
  };
  for (let sent = 0; sent < 10_000; sent += 50) await Promise.all(Array.from({ length: 50 }, one));
  assert.deepEqual(counts, { 201: 500, 429: 9_500 });
  for (const answer of [kept, refused]) definition.checkAnswer("SegmentThresholdCrossed", answer);
  assert.equal(refused.body.limit, 500);
  assert.ok(Number(refused.headers.get("retry-after")) > 0);
  assert.equal((await cy.call("SegmentThresholdCrossedPoll", SEGMENT)).status, 429, "polled triggers count");
  assert.equal((await subscribe({})).status, 201, "another's places are not taken");
  assert.equal((await cy.call("Unsubscribe", { id: kept.body.id })).status, 204);
  assert.equal((await cy.post("SegmentThresholdCrossed", { ...SEGMENT, callbackUrl: CALLBACK })).status, 201);
});
