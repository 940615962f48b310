import { Button, Card, Link, Text } from "@fluentui/react-components";
import { useMemo } from "react";
import { Link as RouterLink } from "react-router";
import type { Gateway, Health, Metric } from "../api";
import { nameOf } from "../api";
import { Chart } from "../chart";
import { intervalOf, useHealth, useMetrics, useReport, useStatus } from "../gateway";
import { Answered, Facts, Page, State, Table, Tile, Tiles, clock, count, percent } from "../parts";
import { MetricChart, pictureOf, useDefinitions, usePins } from "../metric";
import { AwayNodes, Missing } from "../nodes";
import { Range, useRange } from "../range";

/** sum adds the points of a metric, of all its series. */
function sum(all: Metric[] | undefined, name: string): number {
  return (all?.find((m) => m.name.value === name)?.timeseries ?? []).reduce(
    (n, s) => n + s.data.reduce((k, d) => k + (typeof d.total === "number" ? d.total : 0), 0), 0);
}

/** byHealth counts members by how they are. */
function byHealth(h: Health): Map<string, number> {
  const out = new Map<string, number>();
  for (const server of h.backendAddressPools.flatMap((p) => p.backendHttpSettingsCollection.flatMap((s) => s.servers))) {
    out.set(server.health, (out.get(server.health) ?? 0) + 1);
  }
  return out;
}

export function Overview({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const status = useStatus(gateway);
  const health = useHealth(gateway);
  const requests = useMetrics(gateway, ["TotalRequests", "FailedRequests"], range, "Total", "");
  const times = useMetrics(gateway, ["ApplicationGatewayTotalTime", "BackendConnectTime", "BackendFirstByteResponseTime", "BackendLastByteResponseTime"], range, "Average", "");
  const report = useReport(gateway, range, "");
  const p = gateway.properties;
  const failed = sum(requests.data, "FailedRequests");
  const total = sum(requests.data, "TotalRequests");
  return (
    <Page title={gateway.name} beside={<Range />}>
      <AwayNodes of={status.data?.away} />
      <Missing nodes={health.data?.causewayMissingNodes} what="what they see and measure" />
      <Card>
        <Facts
          of={[
            ["State", <State of={p.operationalState} />],
            ["Tier", `${p.sku.name}, ${p.autoscaleConfiguration ? `autoscale ${p.autoscaleConfiguration.minCapacity} to ${p.autoscaleConfiguration.maxCapacity ?? 10}` : `${p.sku.capacity ?? 1} instances`}`],
            ["Location", gateway.location],
            ["Version", status.data ? `${status.data.version}, since ${clock(status.data.started)}` : ""],
            ["Configuration", status.data ? `revision ${status.data.revision}, applied ${clock(status.data.applied)}` : ""],
          ]}
        />
      </Card>
      <Tiles>
        <Tile name="Requests" value={requests.data ? count(total) : "…"} note="answered with any status" />
        <Tile name="Failed requests" value={requests.data ? count(failed) : "…"} note={total > 0 ? percent(failed / total) : undefined} />
        <Tile name="Instances" value={status.data ? `${status.data.instances.filter((i) => !i.problem).length} of ${status.data.want}` : "…"} note="that answer" />
        {[...(health.data ? byHealth(health.data) : new Map<string, number>())].map(([word, n]) => (
          <Tile key={word} name={`Members ${word}`} value={count(n)} />
        ))}
      </Tiles>
      <Card>
        <Text weight="semibold">What the diagnosis says</Text>
        <Answered query={report}>
          {(r) => (
            <>
              <Text size={400}>{r.headline}</Text>
              <Table
                name="Failures by cause"
                columns={["Cause", "Failures", "Where", "Confidence"]}
                none={r.failures ? "None of the failures has a cause that the evidence proves." : "No request failed."}
                rows={r.findings.map((f, i) => ({
                  key: f.cause + i,
                  cells: [f.title, count(f.failures), [f.scope.pool, f.scope.member, f.scope.path].filter(Boolean).join(", "), <State of={f.confidence} />],
                }))}
              />
              <RouterLink to={`/diagnose?range=${range}`}>Diagnose and solve problems</RouterLink>
            </>
          )}
        </Answered>
      </Card>
      <Card>
        <Text weight="semibold">Requests {{ PT1M: "a minute", PT5M: "in five minutes", PT1H: "an hour" }[intervalOf(range)]}</Text>
        <Answered query={requests}>{(all) => <Lines all={all} of="total" unit="Count" name="Requests" />}</Answered>
      </Card>
      <Card>
        <Text weight="semibold">Where the time goes</Text>
        <Answered query={times}>{(all) => <Lines all={all} of="average" unit="MilliSeconds" name="Latency" />}</Answered>
      </Card>
      <Pinned gateway={gateway} range={range} />
      <Card>
        <Text weight="semibold">Backend health</Text>
        <Answered query={health}>
          {(h) => (
            <Table
              name="Backend health"
              columns={["Pool", "Members"]}
              none="The gateway has no pool."
              rows={h.backendAddressPools.map((pool) => ({
                key: pool.backendAddressPool.id,
                cells: [
                  nameOf(pool.backendAddressPool),
                  [...byHealth({ backendAddressPools: [pool] })].map(([word, n]) => (
                    <span key={word}>
                      {n} <State of={word} />{" "}
                    </span>
                  )),
                ],
              }))}
            />
          )}
        </Answered>
        <RouterLink to="/health">
          <Link as="span">All members, with details</Link>
        </RouterLink>
      </Card>
    </Page>
  );
}

/** Pinned are the charts that somebody pinned on the page Metrics, in this browser. */
function Pinned({ gateway, range }: { gateway: Gateway; range: string }) {
  const [pins, setPins] = usePins(gateway);
  const definitions = useDefinitions(gateway);
  return pins.map((text) => {
    const picture = pictureOf(text);
    const of = definitions.data?.find((d) => d.name.value === picture.metric);
    return (
      <Card key={text}>
        <div style={{ display: "flex", justifyContent: "space-between", gap: 8, flexWrap: "wrap" }}>
          <Text weight="semibold">
            {of?.name.localizedValue ?? picture.metric}
            {picture.value && `, ${picture.value}`}
            {picture.split && `, by ${picture.split}`}
          </Text>
          <Button size="small" onClick={() => setPins(pins.filter((p) => p !== text))}>
            Unpin
          </Button>
        </div>
        {of && <MetricChart gateway={gateway} of={of} picture={picture} range={range} until="" />}
      </Card>
    );
  });
}

/** Lines draws one line for each metric, of all its series together. */
function Lines({ all, of, unit, name }: { all: Metric[]; of: "total" | "average"; unit: string; name: string }) {
  const drawn = useMemo(() => {
    const data = all[0]?.timeseries[0]?.data ?? [];
    return {
      times: data.map((d) => Date.parse(d.timeStamp) / 1000),
      series: all.map((m) => ({
        name: m.name.value,
        values: data.map((_, i) => {
          const v = m.timeseries[0]?.data[i]?.[of];
          return typeof v === "number" ? v : null;
        }),
      })),
    };
  }, [all, of]);
  return <Chart name={name} unit={unit} times={drawn.times} series={drawn.series} />;
}
