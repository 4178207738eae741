// What is outside: signing in, the first operator of a server, a set-up link; and the password.
import { call, PLATFORM, platform } from "./api.js";
import { fill, h } from "./dom.js";
import { field, form, orNull } from "./forms.js";
import { logo } from "./icons.js";
import { enter } from "./session.js";
import { dialog, link, notice, toast } from "./ui.js";

const PASSWORD_HINT = "At least 10 characters. A few words in a row are easy to remember and hard to guess.";

function door(root, title, text, ...children) {
  document.title = `${title} · Kordless`;
  fill(root, h("main", { class: "door" }, h("div", { class: "door-card" },
    h("div", { class: "brand" }, logo(32), h("span", null, "Kordless")),
    h("h1", null, title), text && h("p", { class: "muted" }, text), children)));
  root.querySelector("input")?.focus();
}

export function signIn(root, inside, why) {
  door(root, "Sign in", null, why && notice("info", h("p", null, why)),
    form([
      field({ name: "email", label: "Email", type: "email", required: true, maxlength: 254,
        autocomplete: "username" }),
      field({ name: "password", label: "Password", type: "password", required: true, maxlength: 1000,
        autocomplete: "current-password" }),
    ], { action: "Sign in", foot: "door-foot" }, async (values) => {
      await enter(await platform.post("/session", values));
      inside();
    }),
    !why && h("p", { class: "door-more muted" }, "A new server, or nobody can sign in? ",
      link("Set it up with the operator token", "#/first-run"), "."));
}

// A link made a moment ago, or sent by somebody: it chooses the password.
async function useLink(token, values, inside) {
  await enter(await platform.post("/session/setup", { token, password: values.password,
    name: orNull(values.name) ?? undefined }));
  inside();
}

export function setUp(root, token, inside) {
  door(root, "Choose your password", "You were invited to this server. The link works once.",
    form([
      field({ name: "name", label: "Your name", optional: true, maxlength: 200, autocomplete: "name" }),
      field({ name: "password", label: "New password", type: "password", required: true, minlength: 10,
        maxlength: 128, autocomplete: "new-password", hint: PASSWORD_HINT }),
    ], { action: "Save and sign in", foot: "door-foot" }, (values) => useLink(token, values, inside)),
    h("p", { class: "door-more muted" }, link("Sign in instead", "#/")));
}

// The token invites, the link that comes of it signs in. A password that is refused is chosen
// anew for the same invitation.
function firstOperator(inside) {
  let invited = { email: null, link: null };
  return async (values) => {
    if (invited.email !== values.email) {
      const made = await call("POST", `${PLATFORM}/members`, { token: values.token.trim(),
        body: { email: values.email, name: orNull(values.name) ?? undefined } });
      invited = { email: values.email, link: made.setup_url.split("#setup=")[1] };
    }
    await useLink(invited.link, values, inside);
  };
}

export function firstRun(root, inside) {
  door(root, "Set up this server", ["The first start wrote a token into the file ",
    h("code", null, "data/operator-token"), " on the server. It shows that you are its operator."],
  form([
    field({ name: "token", label: "Operator token", type: "password", required: true, maxlength: 200,
      hint: ["On the server: ", h("code", null, "cat data/operator-token")] }),
    field({ name: "email", label: "Your email", type: "email", required: true, maxlength: 254,
      autocomplete: "username" }),
    field({ name: "name", label: "Your name", optional: true, maxlength: 200, autocomplete: "name" }),
    field({ name: "password", label: "New password", type: "password", required: true, minlength: 10,
      maxlength: 128, autocomplete: "new-password", hint: PASSWORD_HINT }),
  ], { action: "Make me the operator", foot: "door-foot" }, firstOperator(inside)),
  h("p", { class: "door-more muted" }, link("Sign in instead", "#/")));
}

export function changePassword() {
  dialog("Change password", (self) => form([
    field({ name: "password", label: "Present password", type: "password", required: true,
      autocomplete: "current-password" }),
    field({ name: "new_password", label: "New password", type: "password", required: true, minlength: 10,
      maxlength: 128, autocomplete: "new-password", hint: PASSWORD_HINT }),
  ], { action: "Change password", cancel: () => self.close() }, async (values) => {
    await platform.post("/session/password", values);
    self.close();
    toast("The password is changed; other sessions of yours have ended.");
  }));
}

