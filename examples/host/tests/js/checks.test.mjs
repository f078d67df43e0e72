// The checkers themselves, with a planted fault each: a check that lets everything through would hold nothing.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Definition } from "./support/definition.mjs";
import { load, setting } from "./support/modules.mjs";
import { Receiver, checkSignature } from "./support/receiver.mjs";

const { Webhook } = load("standardwebhooks");
const definition = await Definition.read(setting("TRIPLINE_CONNECTOR"));

function answer(status, body, headers = {}) {
  const type = status < 400 ? "application/json" : "application/problem+json";
  return { status, body, text: JSON.stringify(body) ?? "", headers: new Headers({ "content-type": type, ...headers }) };
}

const MADE = { id: "s", triggerType: "t", signingSecret: "whsec_x", expiresAt: "2026-03-01T02:03:00Z" };
const AT = { location: "https://hooks.contoso.example/v1/subscriptions/s" };
const PROBLEM = { title: "Bad Request", status: 400, detail: "one field is faulty" };

test("an answer is good as it is declared, and in no other way", () => {
  const check = (given) => definition.checkAnswer("SegmentThresholdCrossed", given);
  check(answer(201, MADE, AT));
  check(answer(400, PROBLEM));
  check(answer(413, { ...PROBLEM, status: 413 }));
  for (const [what, wrong] of [
    ["a header that is missing", answer(201, MADE)],
    ["a member that is missing", answer(201, { ...MADE, id: undefined }, AT)],
    ["a member of another type", answer(201, { ...MADE, id: 7 }, AT)],
    ["a member that is not declared", answer(201, { ...MADE, zoom: 1 }, AT)],
    ["a time that is none", answer(201, { ...MADE, expiresAt: "soon" }, AT)],
    ["a status that is not declared", answer(200, MADE, AT)],
    ["another content type", answer(201, MADE, { ...AT, "content-type": "text/html" })],
    ["a refusal that is no problem", answer(400, { error: "no" })],
    ["a refusal of another status", answer(400, { ...PROBLEM, status: 422 })],
    ["a refusal of no content type", answer(413, PROBLEM, { "content-type": "application/json" })],
  ]) {
    assert.throws(() => check(wrong), assert.AssertionError, what);
  }
  assert.throws(() => definition.checkAnswer("Unsubscribe", answer(204, { gone: true })), assert.AssertionError);
});

test("a notification is held against the schema of its trigger", () => {
  const check = (value) => definition.checkNotification("SegmentThresholdCrossed", Buffer.from(JSON.stringify(value)));
  const { responses } = definition.spec.paths["/poll/segmentThresholdCrossed"].get;
  const [sample] = responses["200"].examples["application/json"];
  check(sample);
  for (const wrong of [{ ...sample, value: "1004" }, { ...sample, zoom: 1 }, { ...sample, series: undefined }, []]) {
    assert.throws(() => check(wrong), assert.AssertionError, JSON.stringify(wrong));
  }
});

test("an operation more is an operation that nobody has carried out", async () => {
  const spec = structuredClone(definition.spec);
  const carried = definition.ids();
  spec.paths["/actions/new"] = { post: { ...spec.paths["/actions/getItem"].post, operationId: "New" } };
  const more = await Definition.of(spec);
  assert.deepEqual(more.ids().filter((id) => !carried.includes(id)), ["New"]);
});

test("a signature is of these bytes, this id and this time, or it is none", async () => {
  const secret = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
  const body = Buffer.from('{"id":"f-1","value":1004}');
  const now = Math.floor(Date.now() / 1000);
  const sign = (own, seconds) => ({
    "webhook-id": "d-1",
    "webhook-timestamp": String(seconds),
    "webhook-signature": new Webhook(own).sign("d-1", new Date(seconds * 1000), body),
  });
  checkSignature({ headers: sign(secret, now), body }, secret);
  const other = `whsec_${Buffer.alloc(24, 2).toString("base64")}`;
  assert.throws(() => checkSignature({ headers: sign(other, now), body }, secret));
  assert.throws(() => checkSignature({ headers: sign(secret, now - 400), body }, secret), "too long ago");
  assert.throws(() => checkSignature({ headers: { ...sign(secret, now), "webhook-signature": "" }, body }, secret));
});

test("a receiver that is told nothing says so", async () => {
  const receiver = await Receiver.start();
  await assert.rejects(receiver.hook().told(1, 50), /0 came within 50 ms/);
  await receiver.stop();
});
