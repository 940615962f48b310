// Finds two causes of failed requests, fixes both from the page while requests go on, and sees that the predictions held: LINK signs in, and
// requests to both pools run meanwhile. It ends with 1 at the first thing that is not as it should be.
import assert from "node:assert/strict";
import { accessible, end, open, visit } from "./browser.mjs";

const { LINK } = process.env;
const base = LINK.slice(0, LINK.indexOf("#"));
const page = await visit(1366, 60_000);

await page.goto(LINK);
await open(page, "Diagnose and solve problems");

/** mend applies the fix of a finding that can be applied from here, and waits until it has worked. */
async function mend(cause, changes) {
  const found = page.getByRole("group", { name: new RegExp(cause) });
  await found.waitFor();
  await found.getByRole("button", { name: "Apply this fix" }).first().click();
  const dialog = page.getByRole("dialog");
  for (const text of changes) {
    await dialog.getByText(text).first().waitFor();
  }
  await accessible(page, `the fix of ${cause}`);
  await dialog.getByRole("button", { name: "Apply", exact: true }).click();
  const watch = page.getByRole("group", { name: "Has it worked?" });
  await watch.getByRole("row", { name: new RegExp(titles[cause]) }).getByText("worked", { exact: true }).waitFor();
  await accessible(page, `after the fix of ${cause}`);
  await watch.getByRole("button", { name: "Stop watching" }).click();
}

const titles = { "c-idle-race": "idle connections", "d-timeout-below-latency": "shorter than the backend" };

await page.getByRole("img", { name: "Failures over time" }).waitFor();
await page.getByRole("group", { name: /c-idle-race/ }).getByRole("img", { name: /Idle age of reused connections/ }).waitFor();
await accessible(page, "the verdict");
await mend("c-idle-race", ["causeway.yaml", "backendIdleTimeout", "1m0s"]);
await mend("d-timeout-below-latency", ["document", "backendHttpSettingsCollection › reports › requestTimeout"]);

await page.getByRole("button", { name: "Step by step" }).click();
await page.getByText("Is serverResponseLatency below the request timeout").waitFor();
await accessible(page, "step by step");
assert.match(page.url(), /view=guide/, "the way to look is not in the address");

// The bundle that others get gives the same diagnosis here.
await open(page, "Export");
await accessible(page, "Export");
const download = page.waitForEvent("download");
await page.getByRole("button", { name: "Download the bundle" }).click();
const bundle = await (await download).path();
await page.goto(base + "diagnose?view=evidence");
await page.getByLabel("Files of evidence").setInputFiles({ name: "bundle.tar.gz", mimeType: "application/gzip", buffer: await (await import("node:fs/promises")).readFile(bundle) });
await page.getByText("This is the diagnosis of evidence that was given: bundle.tar.gz").waitFor();
await page.getByRole("group", { name: /c-idle-race/ }).waitFor();
assert.equal(await page.getByRole("button", { name: "Apply this fix" }).count(), 0, "a fix of another gateway would be applied to this one");
await accessible(page, "evidence");
await page.reload();
await page.getByRole("group", { name: /c-idle-race/ }).waitFor();
await page.getByRole("button", { name: "Delete it now" }).click();
await page.getByRole("heading", { level: 2, name: /failed requests|No request/ }).first().waitFor();

await end();
