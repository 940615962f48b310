// A real browser that holds every page to what all pages promise.
import { AxeBuilder } from "@axe-core/playwright";
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

/** browser is the one that all visits share, and faults what its pages have complained of. */
export const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
export const faults = [];

/** visit opens a page with a width of its own; patience is in milliseconds. */
export async function visit(width, patience = 20_000) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true, viewport: { width, height: 800 }, reducedMotion: "reduce" });
  const page = await context.newPage();
  page.setDefaultTimeout(patience);
  page.on("console", (m) => m.type() === "error" && !/401|40[49]|412/.test(m.text()) && faults.push(m.text()));
  page.on("pageerror", (e) => faults.push(e.message));
  return page;
}

/** accessible holds a page to the rules of axe. Fluent's helpers for the focus are hidden on purpose. */
export async function accessible(page, name) {
  await page.waitForFunction(() => document.getAnimations().every((a) => a.playState !== "running")); // half a colour is no colour
  const { violations } = await new AxeBuilder({ page }).exclude("[data-tabster-dummy]").analyze();
  assert.deepEqual(violations.map((v) => `${v.id}: ${v.nodes[0].html}`), [], name);
}

export const heading = (page, name) => page.getByRole("heading", { level: 1, name }).waitFor();

/** open follows an entry of the menu. */
export async function open(page, entry) {
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: entry, exact: true }).click();
  if (entry !== "Overview") {
    await heading(page, entry);
  }
}

/** end closes the browser, and fails if a page has complained. */
export async function end() {
  await browser.close();
  assert.deepEqual(faults, []);
}
