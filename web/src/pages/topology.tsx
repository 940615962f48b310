import { Card, Text, Title3, tokens } from "@fluentui/react-components";
import { useNavigate } from "react-router";
import type { Gateway, Health } from "../api";
import { nameOf } from "../api";
import { placeOf } from "../fields";
import { useHealth } from "../gateway";
import { hasFailed, useTraffic, type Row, type Traffic } from "../log";
import { Answered, Failure, Page, State, Table } from "../parts";
import { itemOf, itemsOf, nameIn, valueAt, type Item, type Tree } from "../resource";

/** Node is a box: it has its column, and those of the column before that lead to it. */
type Node = { id: string; column: number; name: string; note: string; to: string; from: string[]; rate: number; failing: number; sick: boolean };

export function Topology({ gateway }: { gateway: Gateway }) {
  const health = useHealth(gateway);
  const traffic = useTraffic(gateway);
  return (
    <Page title="Topology">
      {traffic.error && <Failure error={traffic.error} />}
      <Answered query={health}>
        {(h) => {
          const nodes = nodesOf(gateway, h, traffic.data ?? { rows: [], seconds: 60 });
          return nodes.length === 0 ? (
            <Text>The gateway has no listener: nobody can reach it.</Text>
          ) : (
            <>
              <Card>
                <Drawn nodes={nodes} />
                <Text size={200}>
                  Requests a second, as the {traffic.data?.rows.length ?? 0} newest of the last minute have them. Red: requests fail there, or a member is down.
                </Text>
              </Card>
              <Card>
                <Title3 as="h2">The same as a list</Title3>
                <Table
                  name="Topology"
                  columns={["What", "Name", "Reached from", "Requests/s", "Failing", "State"]}
                  none=""
                  rows={nodes.map((n) => ({
                    key: n.id,
                    cells: [columns[n.column], n.name, n.from.map((f) => nodes.find((x) => x.id === f)?.name).join(", "), rate(n.rate), share(n), <State of={n.sick ? "Down" : n.failing > 0 ? "Failing" : "Up"} />],
                  }))}
                />
              </Card>
            </>
          );
        }}
      </Answered>
    </Page>
  );
}

const columns = ["Listener", "Rule", "Target", "Member"];

const rate = (n: number) => n.toLocaleString("en", { maximumSignificantDigits: 2 });
const share = (n: Node) => (n.rate > 0 ? `${rate((100 * n.failing) / n.rate)} %` : "");

/** nodesOf lays out the way of requests: listener, rule or path, pool or redirection, member. */
function nodesOf(g: Gateway, h: Health, t: Traffic): Node[] {
  const out: Node[] = [];
  const counted = (mine: (r: Row) => boolean) => {
    const rows = t.rows.filter(mine);
    return { rate: rows.length / t.seconds, failing: rows.filter(hasFailed).length / t.seconds };
  };
  for (const l of itemsOf(g, "httpListeners")) {
    const port = valueAt(itemOf(g, "frontendPorts", nameIn(l.properties["frontendPort"]))?.properties ?? {}, "port");
    out.push({
      id: "l/" + l.name, column: 0, name: l.name, note: `${String(l.properties["protocol"])} ${String(port ?? "")}`, to: placeOf("httpListeners", l.name), from: [], sick: false,
      ...counted((r) => r["ListenerName"] === l.name),
    });
  }
  const reach = (from: string, p: Tree, prefix: string) => {
    const pool = nameIn(p[prefix ? "defaultBackendAddressPool" : "backendAddressPool"]);
    const settings = nameIn(p[prefix ? "defaultBackendHttpSettings" : "backendHttpSettings"]);
    const redirect = nameIn(p[prefix ? "defaultRedirectConfiguration" : "redirectConfiguration"]);
    const id = redirect ? `r/${redirect}` : `t/${pool}/${settings}`;
    const known = out.find((n) => n.id === id);
    if (known) {
      known.from.push(from);
    } else if (redirect) {
      out.push({ id, column: 2, name: redirect, note: "redirection", to: placeOf("redirectConfigurations", redirect), from: [from], rate: 0, failing: 0, sick: false });
    } else if (pool) {
      out.push({ id, column: 2, name: pool, note: settings, to: placeOf("backendAddressPools", pool), from: [from], sick: false,
        ...counted((r) => r["BackendPoolName"] === pool && r["BackendSettingName"] === settings) });
    }
  };
  const rule = (of: Item, listener: string, name: string, note: string) => {
    const id = `u/${of.name}/${name}/${note}`;
    out.push({ id, column: 1, name, note, to: placeOf("requestRoutingRules", of.name), from: ["l/" + listener], sick: false,
      ...(name === of.name && !note.startsWith("every other") ? counted((r) => r["RuleName"] === of.name) : { rate: 0, failing: 0 }) }); // the log names no path rule
    return id;
  };
  for (const r of itemsOf(g, "requestRoutingRules")) {
    const listener = nameIn(r.properties["httpListener"]);
    const map = itemOf(g, "urlPathMaps", nameIn(r.properties["urlPathMap"]));
    if (!map) {
      reach(rule(r, listener, r.name, `priority ${String(r.properties["priority"] ?? "")}`), r.properties, "");
      continue;
    }
    for (const p of (map.properties["pathRules"] as Item[] | undefined) ?? []) {
      reach(rule(r, listener, p.name, ((p.properties["paths"] as string[] | undefined) ?? []).join(" ")), p.properties, "");
    }
    reach(rule(r, listener, r.name, "every other path"), map.properties, "default");
  }
  for (const pool of h.backendAddressPools) {
    for (const s of pool.backendHttpSettingsCollection) {
      const target = `t/${nameOf(pool.backendAddressPool)}/${nameOf(s.backendHttpSettings)}`;
      for (const m of s.servers) {
        out.push({ id: `${target}/${m.address}`, column: 3, name: m.address, note: m.health, to: "/health", from: [target], sick: m.health === "Down",
          ...counted((r) => String(r["ServerRouted"] ?? "").replace(/:\d+$/, "") === m.address && r["BackendSettingName"] === nameOf(s.backendHttpSettings)) });
      }
    }
  }
  return out;
}

const box = { width: 210, height: 46, gap: 12, space: 90 };

/** Drawn is the picture. Every box leads to its page. */
function Drawn({ nodes }: { nodes: Node[] }) {
  const navigate = useNavigate();
  const at = new Map<string, { x: number; y: number }>();
  const rows = [0, 0, 0, 0];
  for (const n of nodes) {
    at.set(n.id, { x: n.column * (box.width + box.space), y: (rows[n.column] ?? 0) * (box.height + box.gap) });
    rows[n.column] = (rows[n.column] ?? 0) + 1;
  }
  const height = Math.max(...rows) * (box.height + box.gap);
  const width = 4 * box.width + 3 * box.space;
  const hurts = (n: Node) => n.sick || n.failing > 0;
  return (
    <div style={{ overflowX: "auto" }} tabIndex={0} role="region" aria-label="Picture of the topology">
      <svg viewBox={`-2 -2 ${width + 4} ${height}`} style={{ display: "block", minWidth: 760, width: "100%", maxWidth: 1800 }}>
        <title>The way of requests, from listener to member</title>
        {nodes.flatMap((n) =>
          n.from.map((f) => {
            const a = at.get(f);
            const b = at.get(n.id);
            if (!a || !b) {
              return null;
            }
            const [x1, y1, x2, y2] = [a.x + box.width, a.y + box.height / 2, b.x, b.y + box.height / 2];
            return (
              <path
                key={f + n.id}
                d={`M${x1} ${y1} C${x1 + 45} ${y1} ${x2 - 45} ${y2} ${x2} ${y2}`}
                fill="none"
                stroke={hurts(n) ? tokens.colorPaletteRedBorderActive : tokens.colorNeutralStroke1}
                strokeWidth={Math.min(6, 1.5 + Math.log10(1 + n.rate))}
              />
            );
          }),
        )}
        {nodes.map((n) => {
          const p = at.get(n.id) ?? { x: 0, y: 0 };
          return (
            <a
              key={n.id}
              href={"/portal" + n.to}
              aria-label={`${columns[n.column]} ${n.name}, ${n.note}, ${rate(n.rate)} requests a second${n.failing > 0 ? `, ${share(n)} failing` : ""}`}
              onClick={(e) => {
                e.preventDefault();
                void navigate(n.to);
              }}
            >
              <rect x={p.x} y={p.y} width={box.width} height={box.height} rx="5" fill={tokens.colorNeutralBackground1} strokeWidth={hurts(n) ? 2.5 : 1}
                stroke={hurts(n) ? tokens.colorPaletteRedBorderActive : tokens.colorNeutralStroke1} />
              <text x={p.x + 10} y={p.y + 19} fontSize="13" fontWeight="600" fill={tokens.colorNeutralForeground1}>
                {short(n.name)}
              </text>
              <text x={p.x + 10} y={p.y + 36} fontSize="11.5" fill={tokens.colorNeutralForeground2}>
                {short(n.note, n.rate > 0 ? 16 : 30)}
              </text>
              <text x={p.x + box.width - 8} y={p.y + 36} fontSize="11.5" textAnchor="end" fill={n.failing > 0 ? tokens.colorPaletteRedForeground1 : tokens.colorNeutralForeground2}>
                {n.rate > 0 ? `${rate(n.rate)}/s` : ""}
                {n.failing > 0 ? `, ${share(n)} failing` : ""}
              </text>
            </a>
          );
        })}
      </svg>
    </div>
  );
}

const short = (text: string, most = 26) => (text.length > most ? text.slice(0, most - 1) + "…" : text);
