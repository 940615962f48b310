// Looks for failed requests as somebody on call does, over the pages of Monitoring. LINK signs an owner in, READER_ID and READER_SECRET
// are those of a credential that may only read. One request to /broken failed before hundreds of others were answered.
import assert from "node:assert/strict";
import { accessible, end, faults, heading, open, visit } from "./browser.mjs";

const { LINK, READER_ID, READER_SECRET } = process.env;
const base = LINK.slice(0, LINK.indexOf("#"));
const owner = await visit(1366);
await owner.goto(LINK);
await owner.getByText("Members Down").waitFor();

// The failure is found behind all the others, and the address has every filter.
await open(owner, "Logs");
assert.equal(await owner.title(), "Logs – Causeway");
assert.equal(await owner.evaluate(() => document.activeElement?.textContent), "Logs", "the heading does not have the focus");
await owner.getByText("The newest 100 requests that match; there are more.").waitFor();
await owner.getByRole("button", { name: "Show 200 more" }).click();
await owner.getByText("The newest 300 requests that match").waitFor();
await owner.getByLabel("only failed requests").click(); // the address follows a moment later
await owner.getByText("1 requests match in this time.").waitFor();
await owner.getByRole("cell", { name: "GET /broken" }).waitFor();
await owner.getByLabel("Path").fill("/it's \\ not there");
await owner.getByText("No request matches in this time.").waitFor();
await owner.getByLabel("Path").fill("BROK");
await owner.getByRole("cell", { name: "GET /broken" }).waitFor();
await owner.getByRole("cell", { name: /of 20 s/ }).waitFor();
await owner.getByRole("button", { name: "Columns" }).click();
await owner.getByRole("menuitemcheckbox", { name: "Client" }).click();
await owner.keyboard.press("Escape");
await owner.getByRole("columnheader", { name: "Client" }).waitFor();
const { searchParams } = new URL(owner.url());
assert.equal(searchParams.get("path"), "BROK");
assert.match(searchParams.get("columns"), /client/);
await owner.reload();
await owner.getByRole("columnheader", { name: "Client" }).waitFor();
assert.equal(await owner.getByLabel("Path").inputValue(), "BROK");
await accessible(owner, "Logs, filtered");

// Two charts, of which one goes to Overview and back.
await open(owner, "Metrics");
await owner.getByRole("button", { name: "Add a chart" }).click();
const second = owner.getByRole("group", { name: "Chart 2" });
await second.getByLabel("Metric").selectOption("UnhealthyHostCount");
await second.getByLabel("Split by").selectOption("BackendSettingsPool");
assert.equal(new URL(owner.url()).searchParams.getAll("chart").length, 2, "the charts are not in the address");
await second.getByRole("button", { name: "Pin to Overview" }).click();
const ago = (minutes) => new Date(Date.now() - (minutes + new Date().getTimezoneOffset()) * 60_000).toISOString().slice(0, 19); // in this zone
await owner.getByLabel("From").fill(ago(20));
await owner.getByLabel("To", { exact: true }).fill(ago(0));
await accessible(owner, "Metrics, with two charts");
await owner.getByRole("button", { name: "Diagnose this window" }).click();
await heading(owner, "Diagnose and solve problems");
assert.match(new URL(owner.url()).searchParams.get("until"), /^\d{4}-.*Z$/);
await open(owner, "Overview");
await owner.getByText("Unhealthy Host Count, by BackendSettingsPool").waitFor();
await owner.getByRole("button", { name: "Unpin" }).click();
await owner.getByText("Unhealthy Host Count, by BackendSettingsPool").waitFor({ state: "detached" });

// A probe on demand, and what each instance sees.
await open(owner, "Backend health");
await owner.getByText("Evidence").nth(1).click();
await owner.getByText("tcp_connect ECONNREFUSED").first().waitFor();
await owner.getByText("Probe now").click();
await owner.getByLabel("Path").fill("/broken");
await owner.getByRole("button", { name: "Probe", exact: true }).click();
await owner.getByRole("region", { name: "Answers to the probe" }).getByText("500").first().waitFor();
await accessible(owner, "Backend health, probed");

// A session that ends, and a gateway that does not answer, take nothing away that was typed.
await owner.context().setOffline(true);
await owner.getByText("No answer").first().waitFor();
await owner.context().setOffline(false);
await owner.getByText("No answer").first().waitFor({ state: "detached" });
faults.splice(0, faults.length, ...faults.filter((f) => !f.includes("ERR_INTERNET_DISCONNECTED"))); // the browser says so itself
await owner.evaluate(() => fetch("/portal/session", { method: "DELETE", headers: { "X-Causeway-Portal": localStorage.getItem("causeway.key") } }));
const dialog = owner.getByRole("alertdialog", { name: "Your session has ended" });
await dialog.waitFor();
await accessible(owner, "the sign-in over a page");
await dialog.getByLabel("Client id").fill(READER_ID);
await dialog.getByLabel("Client secret").fill(READER_SECRET);
await dialog.getByRole("button", { name: "Sign in" }).click();
await dialog.waitFor({ state: "detached" });
assert.equal(await owner.getByLabel("Path").inputValue(), "/broken", "what was typed is lost");
await owner.getByText("A probe on demand needs the role operator.").waitFor();

await open(owner, "Activity log");
await owner.getByText("Details").first().click();
await owner.getByRole("link", { name: "Diagnose around this time" }).first().waitFor();
await accessible(owner, "Activity log, with details");

// The theme stays, in whatever the browser prefers.
await owner.getByLabel("Theme").selectOption("dark");
await owner.reload();
await heading(owner, "Activity log");
assert.equal(await owner.evaluate(() => document.documentElement.style.colorScheme), "dark");
for (const name of ["Backend health", "Metrics", "Logs", "Topology", "Overview"]) {
  await open(owner, name);
  await owner.waitForFunction(() => !document.querySelector("[aria-label=Loading]"));
  await accessible(owner, `${name}, dark`);
}

// On a telephone no page is wider than the screen, and the first key leads past the menu.
await owner.setViewportSize({ width: 360, height: 800 });
for (const path of ["health", "metrics", "logs", "topology", "activity", "instances", "overview"]) {
  await owner.goto(base + path);
  await owner.getByRole("heading", { level: 1 }).waitFor();
  await owner.waitForFunction(() => !document.querySelector("[aria-label=Loading]"));
  const wide = await owner.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= 360, `${path} is ${wide} px wide on a screen of 360`);
}
await owner.keyboard.press("Tab");
await owner.keyboard.press("Enter");
assert.equal(await owner.evaluate(() => document.activeElement?.id), "main", "there is no way past the menu");

await end();
