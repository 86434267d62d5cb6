// ActivityRelay, as others run it, between two hyttes that do not know each other: both join, and what one says in public
// comes by at the other, fetched from where it was said; what is private does not.
import { mkdirSync, writeFileSync } from "node:fs";
import { check, part, until } from "./lib/report.mjs";
import { startHytte } from "./lib/hytte.mjs";
import { Owner } from "./lib/owner.mjs";
import { run, start, stopAll } from "./lib/process.mjs";
import { authority, nginx } from "./lib/tls.mjs";

const work = `${process.env.INTEROP_WORK}/relay`;
const INBOX = "https://relay.localtest/inbox";
const env = { SSL_CERT_FILE: authority() };
const { step, close } = part("relay");
mkdirSync(work, { recursive: true });

/** A hytte at https://HOST, and its owner before the page. */
async function home(name, host, address, port) {
  const listen = `127.0.0.1:${port}`;
  nginx({ folder: `${work}/nginx-${host}`, name: host, listen: `${address}:443`, upstream: listen });
  const hytte = await startHytte({ owner: `${name}@${host}`, host, scheme: "https", origin: `https://${host}`, listen, data: `${work}/${name}`, env });
  return { hytte, owner: new Owner(hytte.origin) };
}
const alice = await home("alice", "hytte.localtest", "127.0.0.1", 9003);
const eve = await home("eve", "eve.localtest", "127.0.0.3", 9004);
nginx({ folder: `${work}/nginx-relay`, name: "relay.localtest", listen: "127.0.0.4:443", upstream: "127.0.0.1:9010" });

await step("the relay is set up and answers", async () => {
  const config = `${work}/relay.yaml`;
  writeFileSync(config, "domain: relay.localtest\nlisten: 127.0.0.1\nport: 9010\nworkers: 1\ndatabase_type: sqlite\ncache_type: database\nsqlite_path: relay.sqlite3\n");
  await run(process.env.INTEROP_RELAY, ["-c", config, "setup", "-s"], { input: "n\n" });
  start(process.env.INTEROP_RELAY, ["-c", config, "run"], { log: `${work}/relay.log`, env, cwd: work });
  await until("the relay's actor", async () => (await fetch("https://relay.localtest/actor")).ok);
});
for (const [name, { hytte, owner }] of Object.entries({ alice, eve })) {
  await step(`${name} joins the relay, which lets her in`, async () => {
    await owner.login(hytte.login);
    const page = (await owner.open("/settings/relays")).good();
    const form = page.forms(/\/settings\/relays$/).find((one) => one.names.has("address"));
    (await owner.submit(form, { address: INBOX })).good();
    await until("its Accept", async () => (await owner.open("/settings/relays")).good().html.includes("It lets you in"), 20);
  });
}
await step("what alice says in public comes by at eve's, by her name", async () => {
  await alice.owner.compose("lost a glove on the ridge");
  const article = await eve.owner.sees("lost a glove on the ridge", "/around", 30);
  check(article.outerHTML.includes("@hytte.localtest"), "not by its author", article.outerHTML.slice(0, 600));
  await eve.owner.misses("lost a glove on the ridge", "/");
});
await step("and the other way round", async () => {
  await eve.owner.compose("found a glove on the ridge");
  await alice.owner.sees("found a glove on the ridge", "/around", 30);
});
await step("what is not for everyone does not go there", async () => {
  await alice.owner.compose("the key is under the stone", { audience: "followers" });
  await alice.owner.compose("nothing else to say");
  await eve.owner.sees("nothing else to say", "/around", 30);
  check(!(await eve.owner.open("/around")).good().html.includes("under the stone"), "a private post came by");
});
await step("who has left is sent nothing more", async () => {
  const page = (await alice.owner.open("/settings/relays")).good();
  const form = page.forms(/\/settings\/relays$/).find((one) => one.fields.some(([name, value]) => name === "act" && value === "leave"));
  (await alice.owner.submit(form)).good();
  await until("alice's queue to be empty", async () => JSON.stringify(await alice.hytte.queue()).includes("relay.localtest") === false);
  await eve.owner.compose("after alice left");
  await new Promise((done) => setTimeout(done, 3000));
  check(!(await alice.owner.open("/around")).good().html.includes("after alice left"), "it came all the same");
});

await stopAll();
process.exit(close());
