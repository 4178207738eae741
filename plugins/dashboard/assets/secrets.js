// A value that is shown this once, and how to ask with it.
import { h } from "./dom.js";
import { session } from "./session.js";
import { button, copyButton, dialog, notice, segmented } from "./ui.js";

const PATH = "/api/calendar/v1/services";

// How a program asks with the key: the two headers by their names.
export function snippets(key, org, base = location.origin) {
  return {
    curl: `curl ${base}${PATH} \\\n  -H "x-kordless-key: ${key}" \\\n  -H "x-organization-id: ${org}"`,
    JavaScript: [`const response = await fetch("${base}${PATH}", {`, "  headers: {",
      `    "x-kordless-key": "${key}",`, `    "x-organization-id": "${org}",`, "  },", "});",
      "if (!response.ok) throw new Error((await response.json()).detail);",
      "console.log(await response.json());"].join("\n"),
    Python: ["import json, urllib.request", "", "request = urllib.request.Request(",
      `    "${base}${PATH}",`, "    headers={", `        "x-kordless-key": "${key}",`,
      `        "x-organization-id": "${org}",`, "    },", ")",
      "with urllib.request.urlopen(request) as response:", "    print(json.load(response))"].join("\n"),
  };
}

function examples(key) {
  const texts = snippets(key, session.org.id);
  const text = h("code", null, texts.curl);
  let chosen = "curl";
  return h("section", { class: "stack", "aria-label": "Use it" },
    h("div", { class: "row spread" }, h("h3", null, "Use it"),
      segmented("Language", Object.keys(texts).map((name) => [name, name]), chosen, (name) => {
        chosen = name;
        text.textContent = texts[name];
      })),
    h("div", { class: "code" }, h("pre", { tabindex: 0, "aria-label": "Example" }, text),
      copyButton(() => texts[chosen], "the example")));
}

const hold = (event) => event.preventDefault();

// The only time that the key is seen: it goes when somebody says that it is kept elsewhere.
export function showKey(key, title, done) {
  let saved = false;
  window.addEventListener("beforeunload", hold);
  return dialog(title, (self) => [
    h("div", { class: "stack" },
      notice("warn", h("p", { class: "strong" }, "This is the only time the key is shown."),
        h("p", null, "Copy it into your secret store now. Who has it can do what its scopes allow.")),
      h("div", { class: "secret" }, h("code", { data: { key: "" } }, key.key),
        copyButton(key.key, "the key", { label: "Copy" })),
      examples(key.key)),
    h("div", { class: "dialog-foot" }, button("I have saved it", { kind: "primary", icon: "check",
      onclick: () => {
        saved = true;
        self.close();
      } })),
  ], {
    wide: true,
    keep: () => saved ? null : "The key is never shown again. Copy it, then press “I have saved it”.",
    closed: () => {
      window.removeEventListener("beforeunload", hold);
      done?.();
    },
  });
}
