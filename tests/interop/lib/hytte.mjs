// Starts the release binary on a fresh folder and drives its command line.
import { mkdirSync, rmSync } from "node:fs";
import { run, start } from "./process.mjs";
import { until } from "./report.mjs";

export const BIN = process.env.HYTTE_BIN;

/**
 * A running hytte for `owner` ("alice@hytte.test:9001"), reached by peers at `origin` and listening on `listen`.
 * `hytte.login` is the one-time link that `init` printed; `hytte.cli(words, text)` runs a command with text as input.
 */
export async function startHytte({ owner, host, scheme, origin, listen, data, env = {} }) {
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  const made = await run(BIN, ["init", owner, "--host", host, ...(scheme === "http" ? ["--scheme", "http"] : []), "--data", data]);
  const cli = (words, input = "") => run(BIN, [...words, "--data", data], { input, env });
  const door = `http://${listen}`;
  async function open() {
    const server = start(BIN, ["serve", "--data", data, "--listen", listen, "--allow-private"], { log: `${data}.log`, env });
    const dead = server.ended.then((code) => { throw new Error(`hytte ended with ${code}:\n${server.tail()}`); });
    dead.catch(() => {});
    await Promise.race([dead, until("hytte to answer", async () => (await fetch(door, { redirect: "manual" })).status < 500, 20)]);
    return server;
  }
  const hytte = {
    origin, cli, data, login: link(made),
    actor: `${origin}/users/${owner.split("@")[0]}`,
    server: await open(),
    queue: async () => JSON.parse(await cli(["queue", "--json"])),
    /** Ends the server with `signal` and starts it again on the same folder. */
    async restart(signal = "SIGTERM") {
      await hytte.server.stop(signal);
      hytte.server = await open();
    },
    log: (lines) => hytte.server.tail(lines),
  };
  return hytte;
}

/** The first web address in what a command printed. */
export function link(printed) {
  const found = printed.match(/https?:\/\/[^\s"'<>]+/);
  if (!found) throw new Error(`no link in: ${printed}`);
  return found[0];
}
