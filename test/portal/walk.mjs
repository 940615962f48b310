// Walks through the portal in a real browser, as somebody on call does: LINK signs it in, READER_ID and READER_SECRET are those of a
// credential that may only read. It ends with 1 at the first thing that is not as it should be.
import assert from "node:assert/strict";
import { accessible, end, heading, open, visit } from "./browser.mjs";

const { LINK, READER_ID, READER_SECRET } = process.env;
const base = LINK.slice(0, LINK.indexOf("#"));
// An owner finds out what is wrong, and raises the capacity.
const owner = await visit(1366);
await owner.goto(LINK);
await owner.getByText("Members Down").waitFor();
assert.equal(new URL(owner.url()).hash, "", "the code of the link stays in the address");
await owner.getByText("the backend itself answers with an error").first().waitFor();
await accessible(owner, "Overview");

await open(owner, "Backend health");
await owner.getByText("nothing listens on that port").first().waitFor();
await accessible(owner, "Backend health");

await open(owner, "Diagnose and solve problems");
await owner.getByRole("heading", { name: /k-backend-5xx/ }).first().waitFor();
await accessible(owner, "Diagnose and solve problems");

await open(owner, "Logs");
await owner.getByLabel("only failed requests").check();
await owner.getByRole("cell", { name: "GET /broken" }).first().waitFor();
assert.match(owner.url(), /failed=1/, "the filter is not in the address");
await accessible(owner, "Logs");
await owner.getByRole("link", { name: "explain" }).first().click();
await owner.getByText("answered").first().waitFor();

await open(owner, "Metrics");
await owner.getByRole("img", { name: /Total Requests|nothing/ }).or(owner.getByText("There is nothing of this metric")).first().waitFor();
await accessible(owner, "Metrics");

await open(owner, "Configuration");
const count = owner.getByLabel("Instance count");
await count.fill("2");
await count.blur();
await owner.getByRole("button", { name: "Review" }).click();
await owner.getByRole("row", { name: "sku › capacity 1 2" }).waitFor();
await accessible(owner, "the question before a change");
await owner.getByRole("button", { name: "Save" }).click();
await owner.getByText("The change is in force.").waitFor();

await open(owner, "Instances");
await owner.getByRole("cell", { name: "appgw_1", exact: true }).waitFor();
await accessible(owner, "Instances");

await open(owner, "Activity log");
await owner.getByRole("cell", { name: /uid \d+/ }).first().waitFor();
await accessible(owner, "Activity log");

await owner.goto(base + "none");
await heading(owner, "There is no such page");
await owner.goto(LINK); // it has been used; the session goes on
await owner.reload();
await owner.getByText("Members Down").waitFor();
await owner.getByRole("button", { name: "Sign out" }).click();
await heading(owner, "Causeway");

// A reader, on a telephone, may look and change nothing.
const reader = await visit(360);
await reader.goto(base + "configuration");
await reader.getByLabel("Client id").fill(READER_ID);
await reader.getByLabel("Client secret").fill("wrong");
await reader.getByRole("button", { name: "Sign in" }).click();
await reader.getByText("the client id or the client secret is wrong").waitFor();
await reader.getByLabel("Client secret").fill(READER_SECRET);
await reader.getByRole("button", { name: "Sign in" }).click();
await heading(reader, "Configuration");
await reader.getByText("may look and change nothing").waitFor();
assert.equal(await reader.getByRole("button", { name: "Review" }).count(), 0, "a reader may begin a change");
const wide = await reader.evaluate(() => document.documentElement.scrollWidth);
assert.ok(wide <= 360, `the page is ${wide} px wide on a screen of 360`);
await accessible(reader, "Configuration, at 360 px");

await end();
