// What subscribers are told, as a plain HTTP server sees it: signed, repeated as it was until it is taken, and no more once it is not wanted.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { Connection } from "./support/connection.mjs";
import { Definition } from "./support/definition.mjs";
import { observed } from "./support/events.mjs";
import { Host, KEYS } from "./support/host.mjs";
import { setting } from "./support/modules.mjs";
import { Receiver, checkSignature } from "./support/receiver.mjs";

const OPERATION = "SegmentThresholdCrossed";
const definition = await Definition.read(setting("TRIPLINE_CONNECTOR"));

let receiver, host, ana;

before(async () => {
  receiver = await Receiver.start();
  host = await Host.start({ publicBase: definition.publicBase });
  ana = await Connection.open(definition, host.origin, KEYS.ana);
});

after(async () => {
  await host?.stop();
  await receiver.stop();
});

/** A subscription to a segment of an instance that is nobody else's. */
async function subscribed(instance, hook) {
  const body = { instance, segment: "vip", threshold: 1000, callbackUrl: hook.url };
  const made = await ana.post(OPERATION, body);
  assert.equal(made.status, 201, made.text);
  await host.take(observed(instance, "segment", "vip", 900));
  return made.body;
}

const passes = (instance) => observed(instance, "segment", "vip", 1001);
const falls = (instance) => observed(instance, "segment", "vip", 900);
const status = (id) => ana.call("GetSubscription", { id });
const sent = ({ headers, body }) => [headers["webhook-id"], body.toString("utf8")];

/** Asks how a subscription stands until that is so, or gives what it is. */
async function stands(id, holds) {
  for (const end = Date.now() + 10_000; ; ) {
    const answer = await status(id);
    if (holds(answer) || Date.now() > end) return answer;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test("ten notifications have ten ids, and each is verified under the secret of its subscription alone", async () => {
  const [one, other] = [receiver.hook(), receiver.hook()];
  const [first, second] = [await subscribed("signed", one), await subscribed("signed", other)];
  assert.notEqual(first.signingSecret, second.signingSecret);
  for (let round = 1; round <= 5; round++) {
    await host.take(passes("signed"), falls("signed"));
    for (const [hook, own, foreign] of [[one, first, second], [other, second, first]]) {
      const notification = await hook.told(round);
      definition.checkNotification(OPERATION, notification.body);
      checkSignature(notification, own.signingSecret);
      assert.throws(() => checkSignature(notification, foreign.signingSecret));
      assert.equal(JSON.parse(notification.body).trigger, own.id);
    }
  }
  const ids = [...one.taken, ...other.taken].map(({ headers }) => headers["webhook-id"]);
  assert.equal(new Set(ids).size, 10);
});

test("what is answered 500 comes again, the same id and the same bytes, signed anew", async () => {
  const hook = receiver.hook(500, 200);
  const { id, signingSecret } = await subscribed("again", hook);
  await host.take(passes("again"));
  const first = await hook.told(1);
  const between = (await status(id)).body;
  assert.deepEqual([between.delivered, between.failed, between.waiting], [0, 0, 1]);
  assert.ok(between.waitsFor.length > 0);
  const second = await hook.told(2);
  assert.deepEqual(sent(second), sent(first));
  assert.ok(Number(second.headers["webhook-timestamp"]) > Number(first.headers["webhook-timestamp"]));
  for (const notification of [first, second]) checkSignature(notification, signingSecret);
  const { body } = await stands(id, (answer) => answer.body.delivered === 1);
  assert.deepEqual([body.fired, body.delivered, body.failed, body.waiting], [1, 1, 0, 0]);
});

test("a receiver that answers 410 is told nothing more: its subscription is gone", async () => {
  const [gone, other] = [receiver.hook(410), receiver.hook()];
  const { id } = await subscribed("gone", gone);
  await subscribed("gone", other);
  await host.take(passes("gone"));
  await gone.told(1);
  assert.equal((await stands(id, (answer) => answer.status === 404)).status, 404);
  await host.take(falls("gone"), passes("gone"));
  await other.told(2);
  assert.deepEqual([gone.taken.length, other.taken.length], [1, 2]);
  assert.equal((await ana.call("Unsubscribe", { id })).status, 204);
});

test("what waits to be repeated goes with its subscription", async () => {
  const hook = receiver.hook(500);
  const { id } = await subscribed("left", hook);
  await host.take(passes("left"));
  await hook.told(1);
  assert.equal((await ana.call("Unsubscribe", { id })).status, 204);
  // The first repetition would have come after 5 to 10 seconds.
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  assert.equal(hook.taken.length, 1);
});

test("a redirect is a failure that the status names, and is not followed", async () => {
  const hook = receiver.hook(307);
  const { id } = await subscribed("moved", hook);
  await host.take(passes("moved"));
  const { body } = await stands(id, (answer) => answer.body.failed === 1);
  assert.deepEqual([body.fired, body.delivered, body.failed, body.waiting], [1, 0, 1, 0]);
  assert.equal(body.lastDelivery.outcome, "failed");
  assert.match(body.lastDelivery.reason, /307/);
  assert.equal(hook.taken.length, 1);
});

for (const signal of ["SIGTERM", "SIGKILL"]) {
  test(`after ${signal} a new process tells what was not taken, signed with the same secret, and polls go on`, async () => {
    const instance = signal.toLowerCase();
    const hook = receiver.hook(503, 200);
    const poll = { instance, segment: "vip", threshold: 1000 };
    const state = (await ana.call(`${OPERATION}Poll`, poll)).headers.get("location");
    const { id, signingSecret } = await subscribed(instance, hook);
    await host.take(passes(instance));
    const before = await hook.told(1);
    await host.end(signal);
    await host.restart();
    ana = await Connection.open(definition, host.origin, KEYS.ana);
    const taken = await hook.told(2);
    assert.deepEqual(sent(taken), sent(before));
    checkSignature(taken, signingSecret);
    const { body } = await stands(id, (answer) => answer.body.delivered === 1);
    assert.deepEqual([body.fired, body.delivered, body.failed], [1, 1, 0]);
    const polled = await ana.follow(`${OPERATION}Poll`, state);
    assert.deepEqual([polled.status, polled.body.length], [200, 1], polled.text);
    await host.take(falls(instance), passes(instance));
    assert.notEqual((await hook.told(3)).headers["webhook-id"], before.headers["webhook-id"]);
  });
}
