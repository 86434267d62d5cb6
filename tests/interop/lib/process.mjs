// Starts the programs a part needs, keeps their output in a log each, and ends them by their own id.
import { spawn } from "node:child_process";
import { createWriteStream, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";

const running = new Set();

/** Starts `command`; its output goes to the file `log`. Resolves at once; `.stop()` ends it and waits. */
export function start(command, args, { log, env = {}, cwd } = {}) {
  mkdirSync(dirname(log), { recursive: true });
  const out = createWriteStream(log, { flags: "a" });
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  child.stdout.pipe(out);
  child.stderr.pipe(out);
  const ended = new Promise((done) => child.once("exit", (code, signal) => done(signal ?? code)));
  const handle = {
    child,
    ended,
    tail: (lines = 15) => readFileSync(log, "utf8").trimEnd().split("\n").slice(-lines).join("\n"),
    async stop(signal = "SIGTERM") {
      running.delete(handle);
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(signal);
        const hard = setTimeout(() => child.kill("SIGKILL"), 8000);
        await ended;
        clearTimeout(hard);
      }
      return ended;
    },
  };
  running.add(handle);
  return handle;
}

/** Runs a program to its end and gives its output; throws with it when the exit code is not 0. */
export async function run(command, args, { input = "", env = {}, cwd, seconds = 60 } = {}) {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ["pipe", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (data) => (out += data));
  child.stderr.on("data", (data) => (err += data));
  child.stdin.on("error", () => {});
  child.stdin.end(input);
  const late = setTimeout(() => child.kill("SIGKILL"), seconds * 1000);
  const code = await new Promise((done, fail) => child.once("error", fail).once("close", (c, s) => done(s ?? c)));
  clearTimeout(late);
  if (code !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${code}:\n${(err + out).slice(-2000)}`);
  return out;
}

/** Ends everything that `start` started and that still runs. */
export async function stopAll() {
  await Promise.all([...running].map((handle) => handle.stop()));
}

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => stopAll().finally(() => process.exit(1)));
}
