// Starts a fedify-peer.mjs and asks it to act; the tests' side of its control port.
import { fileURLToPath } from "node:url";
import { start } from "./process.mjs";
import { until } from "./report.mjs";

const PROGRAM = fileURLToPath(new URL("../fedify-peer.mjs", import.meta.url));

/** A running Fedify server; `peer.act(name, body)` asks it to do something, `peer.state()` what it has seen. */
export async function startPeer({ origin, listen, control, data, name = "bob", flags = [] }) {
  const args = [PROGRAM, "--origin", origin, "--listen", listen, "--control", String(control), "--data", data, "--name", name, ...flags];
  const handle = start(process.execPath, args, { log: `${data}.log` });
  async function act(what, body = {}) {
    const answer = await fetch(`http://127.0.0.1:${control}/${what}`, { method: "POST", body: JSON.stringify(body) });
    const json = await answer.json();
    if (!answer.ok) throw new Error(`${name} could not ${what}: ${json.error}`);
    return json;
  }
  const state = () => act("state");
  await until(`${name}'s server`, () => state(), 30).catch((error) => {
    throw new Error(`${error.message}\n${handle.tail()}`);
  });
  /** The first activity received from now or before for which `wanted` holds. */
  const received = (what, wanted, seconds) => until(`${name} to receive ${what}`, async () => (await state()).received.find(wanted), seconds);
  return { origin, name, actor: `${origin}/users/${name}`, handle: `@${name}@${new URL(origin).host}`, act, state, received, stop: handle.stop, log: handle.tail };
}
