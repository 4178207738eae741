// The way in: a set-up link, a session that goes on, or the sign-in.
import { onEnded } from "./api.js";
import { fill, h } from "./dom.js";
import { leave, resume, session } from "./session.js";
import { show, stop } from "./shell.js";
import { problem } from "./ui.js";

const root = document.getElementById("app");

async function doors() {
  return import("./doors.js");
}

function inside() {
  if (/^#(setup=|\/first-run)/.test(location.hash)) location.hash = "#/";
  show(root, outside);
}

async function outside(why) {
  stop();
  leave();
  document.querySelectorAll("dialog").forEach((one) => one.remove());
  (await doors()).signIn(root, inside, why);
}

async function start() {
  const setup = location.hash.match(/^#setup=(.+)$/);
  try {
    if (setup) return (await doors()).setUp(root, decodeURIComponent(setup[1]), inside);
    if (location.hash.startsWith("#/first-run")) return (await doors()).firstRun(root, inside);
    return await resume() ? inside() : outside();
  } catch (fault) {
    return fill(root, h("main", { class: "door" }, problem(fault, () => location.reload())));
  }
}

onEnded(() => {
  if (session.me) outside("Your session has ended. Sign in again to go on where you were.");
});
window.addEventListener("hashchange", () => {
  if (!session.me || location.hash.startsWith("#setup=")) start();
});
start();
