// The way in: a set-up link, a session that goes on, or the sign-in.
import { onEnded } from "./api.js";
import { fill, h } from "./dom.js";
import { leave, resume, session } from "./session.js";
import { navigate, show, stop } from "./shell.js";
import { problem } from "./ui.js";

const root = document.getElementById("app");

async function doors() {
  return import("./doors.js");
}

function inside() {
  if (/^#(setup=|\/first-run)/.test(location.hash)) location.hash = "#/";
  show(root, outside);
}

function clear() {
  stop();
  document.querySelectorAll("dialog").forEach((one) => one.remove());
}

async function outside() {
  clear();
  leave();
  (await doors()).signIn(root, inside);
}

const who = () => [session.me.id, session.me.role, session.org?.id].join();

// The sign-in before the page, where all that the same person typed still stands afterwards.
async function again() {
  const before = who(), { title } = document;
  let over = false;
  const curtain = h("dialog", { class: "curtain", "aria-label": "Sign in", closedby: "none",
    onclose: () => (over ? curtain.remove() : curtain.showModal()) });
  document.body.append(curtain);
  curtain.showModal();
  (await doors()).signIn(curtain, () => {
    over = true;
    curtain.close();
    document.title = title;
    if (who() !== before) {
      clear();
      inside();
    } else if (!document.querySelector("dialog[open], main form")) navigate();
  }, "Your session has ended. Sign in again to go on where you were.");
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
  if (session.me && !document.querySelector(".curtain")) again();
});
window.addEventListener("hashchange", () => {
  if (!session.me || location.hash.startsWith("#setup=")) start();
});
start();
