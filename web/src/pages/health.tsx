import { Card, Text, Title3, tokens } from "@fluentui/react-components";
import type { Gateway, Health, Server } from "../api";
import { nameOf } from "../api";
import { useHealth, useStatus } from "../gateway";
import { AwayNodes, Missing } from "../nodes";
import { OnDemand } from "../ondemand";
import { Answered, Facts, Page, State, Table, clock } from "../parts";
import { Strip, changesOf, flaps } from "../strip";

export function BackendHealth({ gateway }: { gateway: Gateway }) {
  const health = useHealth(gateway);
  const status = useStatus(gateway);
  return (
    <Page title="Backend health">
      <AwayNodes of={status.data?.away} />
      <Answered query={health}>
        {(h) => (
          <>
            <Missing nodes={h.causewayMissingNodes} what="what their instances see" />
            {h.backendAddressPools.length === 0 ? (
              <Text>The gateway has no backend pool, so there is nothing to probe.</Text>
            ) : (
              h.backendAddressPools.map((pool) => <Pool key={pool.backendAddressPool.id} gateway={gateway} pool={pool} />)
            )}
          </>
        )}
      </Answered>
    </Page>
  );
}

function Pool({ gateway, pool }: { gateway: Gateway; pool: Health["backendAddressPools"][number] }) {
  const name = nameOf(pool.backendAddressPool);
  return (
    <Card>
      <Title3 as="h2">{name}</Title3>
      {pool.backendHttpSettingsCollection.map((settings) => {
        const of = nameOf(settings.backendHttpSettings);
        return (
          <section key={settings.backendHttpSettings.id} aria-label={`${name} under ${of}`} style={{ display: "grid", rowGap: 8, gridTemplateColumns: "minmax(0, 1fr)" }}>
            <Text weight="semibold">{of}</Text>
            <Table
              name={`Members of ${name} under ${of}`}
              columns={["Server", "Status", "Last hour", "Changes", "Details"]}
              none="The pool has no members: every request to it fails with 502."
              rows={settings.servers.map((s) => ({
                key: s.address,
                cells: [s.address, <How of={s} />, <Strip of={s.causeway?.transitions ?? []} name={`${s.address} in the last hour`} />, flaps(s.causeway?.transitions ?? []), <Details of={s} />],
              }))}
            />
            <OnDemand gateway={gateway} pool={pool.backendAddressPool} settings={settings.backendHttpSettings} />
          </section>
        );
      })}
    </Card>
  );
}

/** How is the word for a member's health, with what qualifies it. */
function How({ of: { health, causeway: x } }: { of: Server }) {
  const also = [
    x?.failures && health === "Up" ? `${x.failures} failed in a row` : "",
    x?.heldUntil ? `held back until ${clock(x.heldUntil)}` : "",
    x?.unjudged ? `unjudged since ${clock(x.unjudged)}` : "",
  ].filter(Boolean);
  return (
    <>
      <State of={health} />
      {also.map((text) => (
        <div key={text}>{text}</div>
      ))}
    </>
  );
}

/** Details say what the last probe got, what each instance sees, and what has changed. */
function Details({ of: s }: { of: Server }) {
  const x = s.causeway;
  const changes = changesOf(x?.transitions ?? []);
  const facts: [string, string][] = [
    ["Probed at", x?.dial ?? ""],
    ["Status received", x?.received ? String(x.received) : ""],
    ["Failed in a row", x?.failures ? String(x.failures) : ""],
    ["Since", x?.since ? clock(x.since) : ""],
    ["Last probe", x?.lastProbe ? clock(x.lastProbe) : ""],
    ["Held back so far", x?.ejections ? `${x.ejections} times` : ""],
  ];
  return (
    <>
      {s.healthProbeLog}
      <details style={{ color: tokens.colorNeutralForeground2 }}>
        <summary>Evidence</summary>
        <Facts of={facts.filter(([, v]) => v)} />
        {(x?.instances?.length ?? 0) > 0 && (
          <Table
            name={`What each instance sees of ${s.address}`}
            columns={["Instance", "Status", "Last hour", "Changes", "Last probe", "Details"]}
            none=""
            rows={(x?.instances ?? []).map((i) => ({
              key: i.instance,
              cells: [
                i.instance, <State of={i.health} />, <Strip of={i.transitions ?? []} name={`${s.address}, as ${i.instance} saw it in the last hour`} />,
                flaps(i.transitions ?? []), i.lastProbe ? clock(i.lastProbe) : "", i.healthProbeLog === s.healthProbeLog ? "the same" : (i.healthProbeLog ?? ""),
              ],
            }))}
          />
        )}
        <ul>
          {changes.map((c) => (
            <li key={c.at}>
              {clock(new Date(c.at).toISOString())} {c.health} {c.why}
            </li>
          ))}
        </ul>
      </details>
    </>
  );
}
