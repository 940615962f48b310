// Edits the settings in a real browser, as LINK signs it in. PORT is a free one, and PFX a certificate with a PASSWORD. It ends with 1 at the
// first thing that is not as it should be.
import assert from "node:assert/strict";
import { accessible, end, heading, open, visit } from "./browser.mjs";

const { LINK, PORT, PFX, PASSWORD, READER_ID, READER_SECRET } = process.env;
const base = LINK.slice(0, LINK.indexOf("#"));

const button = (page, name) => page.getByRole("button", { name, exact: true });
const field = (page, name) => page.getByRole("dialog").or(page.getByRole("alertdialog")).getByLabel(name, { exact: true });
const cell = (page, name) => page.getByRole("cell", { name, exact: true });
const follow = (page, name) => page.getByRole("cell").getByRole("link", { name, exact: true }).first().click();

async function save(page) {
  await button(page, "Review").click();
  await page.getByRole("region", { name: "The change" }).waitFor();
  await button(page, "Save").click();
  await page.getByText("The change is in force.").waitFor();
  await page.locator("#root:not([aria-hidden])").waitFor(); // the editor has gone
}

// change puts the gateway with another request time-out, as any client of the API does.
async function change(page, seconds) {
  const status = await page.evaluate(async (seconds) => {
    const headers = { "X-Causeway-Portal": localStorage.getItem("causeway.key"), "Content-Type": "application/json" };
    const ask = async (path, method, body) => await fetch(`${path}?api-version=2025-05-01`, { method, headers, body, credentials: "same-origin" });
    const { value: subscriptions } = await (await ask("/subscriptions", "GET")).json();
    const { value: gateways } = await (await ask(`${subscriptions[0].id}/providers/Microsoft.Network/applicationGateways`, "GET")).json();
    const [gateway] = gateways;
    gateway.properties.backendHttpSettingsCollection[0].properties.requestTimeout = seconds;
    return (await ask(gateway.id, "PUT", JSON.stringify(gateway))).status;
  }, seconds);
  assert.equal(status, 200, "the change of somebody else");
}

// An owner sees what is wrong while typing, what a change would change, and that it is in force.
const owner = await visit(1366);
await owner.goto(LINK);
await open(owner, "Backend settings");
await follow(owner, "http");
assert.match(owner.url(), /edit=/, "the editor is not in the address");
const timeout = field(owner, "Request time-out (s)");
await timeout.fill("0");
await owner.getByText(/86400/).first().waitFor();
assert.ok(await button(owner, "Review").isDisabled(), "what would be refused can be saved");
await accessible(owner, "a problem beside its field");
await timeout.fill("soon");
await owner.getByText("this is no number").waitFor();
await timeout.fill("45");
await button(owner, "Review").click();
await owner.getByRole("row", { name: /http › requestTimeout 20 45/ }).waitFor();
await accessible(owner, "the change before it is made");
await button(owner, "Save").click();
await owner.getByText("The change is in force.").waitFor();
await cell(owner, "45 s").waitFor();

// Somebody else is faster: theirs is not overwritten, and what was typed is not lost.
await follow(owner, "http");
await timeout.fill("60");
await button(owner, "Review").click();
await owner.getByRole("row", { name: /requestTimeout 45 60/ }).waitFor();
await change(owner, 50);
const again = button(owner, "Make it on what is in force now");
await button(owner, "Save").or(again).first().click(); // the page may know already
await again.waitFor();
assert.equal(await timeout.inputValue(), "60", "what was typed is lost");
await again.click();
await button(owner, "Review").click();
await owner.getByRole("row", { name: /requestTimeout 50 60/ }).waitFor();
await button(owner, "Save").click();
await cell(owner, "60 s").waitFor();

// A certificate with its password, which stay through other changes.
await open(owner, "SSL settings");
await button(owner, "Add a certificate").click();
await field(owner, "Name").fill("site");
await field(owner, "PFX file").setInputFiles(PFX);
await field(owner, "Password of the file").fill(PASSWORD);
await save(owner);

// A port, a listener on it with that certificate, and a rule.
await open(owner, "Frontend IP configurations");
await button(owner, "Add a frontend port").click();
await field(owner, "Name").fill("more");
await field(owner, "Port").fill(PORT);
await save(owner);
await open(owner, "Listeners");
await follow(owner, "l");
const frontend = await field(owner, "Frontend IP").inputValue();
await button(owner, "Discard").click();
await button(owner, "Add a listener").click();
await field(owner, "Name").fill("second");
await field(owner, "Frontend IP").selectOption(frontend);
await field(owner, "Port").selectOption("more");
await field(owner, "Protocol").selectOption("Https");
await field(owner, "Certificate").selectOption("site");
await save(owner);
await open(owner, "Rules");
await button(owner, "Add a rule").click();
await field(owner, "Name").fill("other");
await field(owner, "Type").selectOption("Basic");
await field(owner, "Priority").fill("200");
await field(owner, "Listener").selectOption("second");
await field(owner, "Backend target").selectOption("web");
await field(owner, "Backend settings").selectOption("http");
await save(owner);
await accessible(owner, "Rules");

// Names lead to what they name; what is used is not deleted.
await follow(owner, "second");
await heading(owner, "Listeners");
await field(owner, "Host name").waitFor();
assert.ok(await button(owner, "Delete second").isDisabled(), "what is used can be deleted");
await button(owner, "Discard").click();

// The way back to where this began.
await open(owner, "Revisions");
await owner.getByRole("row").last().getByRole("button", { name: "Look" }).click();
await owner.getByText("A return would change").waitFor();
await owner.getByRole("row", { name: /requestTimeout 60 20/ }).waitFor();
await accessible(owner, "Revisions");
await button(owner, "Return to it").click();
await owner.getByText("rollback to revision 1").waitFor();
await open(owner, "Backend settings");
await cell(owner, "20 s").waitFor();

// A reader, on a telephone, sees everything and changes nothing.
const reader = await visit(360);
await reader.goto(base + "settings?edit=backendHttpSettingsCollection/http");
await reader.getByLabel("Client id").fill(READER_ID);
await reader.getByLabel("Client secret").fill(READER_SECRET);
await reader.getByRole("button", { name: "Sign in" }).click();
await field(reader, "Request time-out (s)").waitFor();
assert.ok(await field(reader, "Request time-out (s)").isDisabled(), "a reader may type");
assert.equal(await button(reader, "Review").count(), 0, "a reader may begin a change");
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
  assert.equal(await reader.getByRole("button", { name: /^Add an? / }).count(), 0, `a reader may add to ${name}`);
}

await end();
