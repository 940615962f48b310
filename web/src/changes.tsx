import { Text } from "@fluentui/react-components";
import type { Delta } from "./api";
import { Table } from "./parts";

type Line = { path: string; was: string; now: string };

/** linesOf are the properties that change, one a line; members of collections stand by their names. */
function linesOf(deltas: Delta[], at: string[] = []): Line[] {
  return deltas.flatMap((d) => {
    const path = [...at, labelOf(d)];
    return d.children ? linesOf(d.children, path) : [{ path: path.join(" › "), was: textOf(d.before), now: textOf(d.after) }];
  });
}

function labelOf(d: Delta): string {
  const name = [d.after, d.before].map((x) => (x as { name?: unknown } | null)?.name).find((n) => typeof n === "string");
  const path = d.path.replace(/^properties\./, "").replaceAll(".properties.", ".").replaceAll(".", " › ");
  return name && /^\d+$/.test(d.path) ? String(name) : path;
}

/** textOf is a value on one line, with names in place of ids. */
function textOf(v: unknown): string {
  if (v === null || v === undefined) {
    return "–";
  }
  const text = typeof v === "string" ? v : JSON.stringify(v, (key, x: unknown) => (["id", "type"].includes(key) && typeof x === "string" && key === "type" ? undefined : x));
  const named = text.replace(/\/subscriptions\/[^"]*\/applicationGateways\/[^/"]+\//gi, "");
  return named.length > 300 ? named.slice(0, 300) + " …" : named;
}

/** Changes shows what a change of the document changes, exactly. */
export function Changes({ of }: { of: Delta[] }) {
  const lines = linesOf(of);
  return (
    <>
      <Table
        name="What changes"
        columns={["Setting", "Now", "Then"]}
        none="Nothing that can be shown changes: the gateway says the same already, or only a secret is another one."
        rows={lines.map((l) => ({ key: l.path, cells: [l.path, <code>{l.was}</code>, <code>{l.now}</code>] }))}
      />
      {lines.length > 0 && <Text size={200}>Secrets are not shown; those that you leave alone stay.</Text>}
    </>
  );
}
