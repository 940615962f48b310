// Edits the settings in a real browser: a time-out, a listener with its rule, and the way back: LINK signs it in, READER_ID and READER_SECRET
// are those of a credential that may only read, and PORT is free for a listener. It ends with 1 at the first thing that is not as it should be.
import assert from "node:assert/strict";
import { accessible, end, heading, open, visit } from "./browser.mjs";

const { LINK, READER_ID, READER_SECRET, PORT } = process.env;
const base = LINK.slice(0, LINK.indexOf("#"));

const cell = (page, name) => page.getByRole("cell", { name, exact: true });
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function save(page) {
  await button(page, "Review").click();
  await page.getByRole("region", { name: "The change" }).waitFor();
  await button(page, "Save").click();
  await page.getByText("The change is in force.").waitFor();
}

// elsewhere changes the request timeout as another client of the API does.
async function elsewhere(page, seconds) {
  const status = await page.evaluate(async (seconds) => {
    const headers = { "X-Causeway-Portal": localStorage.getItem("causeway.key"), "Content-Type": "application/json" };
    const ask = (path, more) => fetch(path + "?api-version=2025-05-01", { headers, credentials: "same-origin", ...more });
    const at = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/applicationGateways/gw1";
    const gateway = await (await ask(at)).json();
    gateway.properties.backendHttpSettingsCollection[0].properties.requestTimeout = seconds;
    return (await ask(at, { method: "PUT", body: JSON.stringify(gateway) })).status;
  }, seconds);
  assert.ok(status < 300, `a change elsewhere: ${status}`);
}

// An owner sees what is wrong as they type, and saves what is right.
const owner = await visit(1366);
await owner.goto(LINK);
await open(owner, "Backend settings");
await button(owner, "http").click();
const timeout = owner.getByLabel("Request time-out (s)");
await timeout.fill("0");
await owner.getByText(/86400/).first().waitFor();
assert.ok(await button(owner, "Review").isDisabled(), "what is refused can be saved");
await accessible(owner, "a problem beside its field");
await timeout.fill("45");
await button(owner, "Review").click();
await cell(owner, "45").waitFor();
await accessible(owner, "the change before it is made");
await button(owner, "Save").click();
await owner.getByText("The change is in force.").waitFor();
await cell(owner, "45 s").waitFor();

// Somebody else is faster: nothing of theirs is overwritten, and nothing that was typed is lost.
await button(owner, "http").click();
await timeout.fill("60");
await elsewhere(owner, 50);
await button(owner, "Review").click();
await button(owner, "Save").click();
await button(owner, "Make it on what is in force now").waitFor();
assert.equal(await timeout.inputValue(), "60", "what was typed is lost");
await button(owner, "Make it on what is in force now").click();
await cell(owner, "50").waitFor();
await button(owner, "Save").click();
await cell(owner, "60 s").waitFor();

// A port, a listener on it, and a rule for it.
await open(owner, "Frontend IP configurations");
await button(owner, "Add a frontend port").click();
await owner.getByLabel("Name").fill("more");
await owner.getByLabel("Port", { exact: true }).fill(PORT);
await save(owner);
await open(owner, "Listeners");
await button(owner, "Add a listener").click();
await owner.getByLabel("Name", { exact: true }).fill("second");
await owner.getByLabel("Frontend IP").selectOption("pub");
await owner.getByLabel("Port", { exact: true }).selectOption("more");
await owner.getByLabel("Protocol").selectOption("Http");
await save(owner);
await open(owner, "Rules");
await button(owner, "Add a rule").click();
await owner.getByLabel("Name", { exact: true }).fill("other");
await owner.getByLabel("Type").selectOption("Basic");
await owner.getByLabel("Priority").fill("100");
await owner.getByLabel("Listener").selectOption("second");
await owner.getByLabel("Backend target").selectOption("web");
await owner.getByLabel("Backend settings").selectOption("http");
await owner.getByText(/priority/).first().waitFor();
await owner.getByLabel("Priority").fill("200");
await save(owner);
await cell(owner, "200").waitFor();
await accessible(owner, "Rules");

// A listener that a rule uses is not deleted; names lead to what they name.
await owner.getByRole("cell").getByRole("link", { name: "second" }).click();
await heading(owner, "Listeners");
assert.ok(await button(owner, "Delete second").isDisabled(), "what is used can be deleted");
await owner.getByRole("alertdialog").getByRole("link", { name: "other" }).waitFor();
await button(owner, "Discard").click();

// The way back, to the first revision.
await open(owner, "Revisions");
await owner.getByRole("row").last().getByRole("button", { name: "Look" }).click();
await owner.getByText("A return would change").waitFor();
await owner.getByRole("cell", { name: /second/ }).first().waitFor();
await accessible(owner, "Revisions");
await button(owner, "Return to it").click();
await owner.getByText("rollback to revision 1").waitFor();
await open(owner, "Backend settings");
await cell(owner, "20 s").waitFor();

// A reader, on a telephone, sees everything and changes nothing.
const reader = await visit(360);
await reader.goto(base + "settings?name=http");
await reader.getByLabel("Client id").fill(READER_ID);
await reader.getByLabel("Client secret").fill(READER_SECRET);
await reader.getByRole("button", { name: "Sign in" }).click();
await reader.getByText("may look and change nothing").first().waitFor();
assert.ok(await reader.getByLabel("Request time-out (s)").isDisabled(), "a reader may type");
assert.equal(await button(reader, "Review").count(), 0, "a reader may save");
await accessible(reader, "the editor of a reader");
await button(reader, "Close").click();
for (const [path, name] of [
  ["firewall", "Web application firewall"],
  ["pools", "Backend pools"],
  ["settings", "Backend settings"],
  ["frontends", "Frontend IP configurations"],
  ["tls", "SSL settings"],
  ["listeners", "Listeners"],
  ["rules", "Rules"],
  ["rewrites", "Rewrites"],
  ["probes", "Health probes"],
  ["revisions", "Revisions"],
]) {
  await reader.goto(base + path);
  await heading(reader, name);
  const wide = await reader.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `${name} is ${wide} px wide on a screen of 360`);
  await accessible(reader, name);
  assert.equal(await reader.getByRole("button", { name: /^Add a/ }).count(), 0, `a reader may add to ${name}`);
}

await end();
