import { Button, Card, Select, Text } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useNavigate } from "react-router";
import { get, type Gateway, type Metric } from "../api";
import { Chart } from "../chart";
import { useMetrics } from "../gateway";
import { Answered, Page, useParameter } from "../parts";
import { Range, useRange } from "../range";

type Definition = {
  name: { value: string; localizedValue: string };
  unit: string;
  primaryAggregationType: string;
  supportedAggregationTypes: string[];
  dimensions?: { value: string }[];
};

export function Metrics({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [name, setName] = useParameter("metric", "TotalRequests");
  const [chosen, setAggregation] = useParameter("aggregation", "");
  const [split, setSplit] = useParameter("split", "");
  const definitions = useQuery({
    queryKey: [gateway.id, "definitions"],
    staleTime: Infinity,
    queryFn: async () => (await get<{ value: Definition[] }>(`${gateway.id}/providers/Microsoft.Insights/metricDefinitions`)).value,
  });
  return (
    <Page title="Metrics" beside={<Range />}>
      <Answered query={definitions}>
        {(all) => {
          const of = all.find((d) => d.name.value === name) ?? all[0];
          if (!of) {
            return <Text>The gateway measures nothing yet.</Text>;
          }
          const aggregation = of.supportedAggregationTypes.includes(chosen) ? chosen : of.primaryAggregationType;
          return (
            <Card>
              <div style={{ display: "flex", flexWrap: "wrap", gap: 8 }}>
                <Select aria-label="Metric" value={of.name.value} onChange={(_, d) => setName(d.value)}>
                  {all.map((d) => (
                    <option key={d.name.value} value={d.name.value}>
                      {d.name.localizedValue}
                    </option>
                  ))}
                </Select>
                <Select aria-label="Aggregation" value={aggregation} onChange={(_, d) => setAggregation(d.value)}>
                  {of.supportedAggregationTypes.map((a) => (
                    <option key={a}>{a}</option>
                  ))}
                </Select>
                <Select aria-label="Split by" value={split} onChange={(_, d) => setSplit(d.value)}>
                  <option value="">not split</option>
                  {(of.dimensions ?? []).map((d) => (
                    <option key={d.value}>{d.value}</option>
                  ))}
                </Select>
              </div>
              <One gateway={gateway} of={of} aggregation={aggregation} split={(of.dimensions ?? []).some((d) => d.value === split) ? split : ""} range={range} />
            </Card>
          );
        }}
      </Answered>
    </Page>
  );
}

function One({ gateway, of, aggregation, split, range }: { gateway: Gateway; of: Definition; aggregation: string; split: string; range: string }) {
  const metrics = useMetrics(gateway, [of.name.value], range, aggregation, split);
  const [window, setWindow] = useState<[string, string]>();
  const navigate = useNavigate();
  return (
    <Answered query={metrics}>
      {(all) => (
        <>
          <Drawn metric={all[0]} aggregation={aggregation} brushed={(from, to) => setWindow([iso(from), iso(to)])} />
          <Text size={200}>Drag over the chart to choose a window.</Text>
          {window && (
            <Button onClick={() => navigate(`/diagnose?${new URLSearchParams({ range: window[0], until: window[1] })}`)}>
              Diagnose {window[0]} to {window[1]}
            </Button>
          )}
        </>
      )}
    </Answered>
  );
}

const iso = (seconds: number) => new Date(Math.round(seconds) * 1000).toISOString().replace(".000", "");

function Drawn({ metric, aggregation, brushed }: { metric: Metric | undefined; aggregation: string; brushed: (from: number, to: number) => void }) {
  const drawn = useMemo(() => {
    const key = aggregation.toLowerCase();
    const times = [...new Set((metric?.timeseries ?? []).flatMap((s) => s.data.map((d) => d.timeStamp)))].sort();
    return {
      times: times.map((t) => Date.parse(t) / 1000),
      series: (metric?.timeseries ?? []).map((s) => {
        const by = new Map(s.data.map((d) => [d.timeStamp, d[key]]));
        return {
          name: (s.metadatavalues ?? []).map((v) => v.value).join(", ") || (metric?.name.value ?? ""),
          values: times.map((t) => {
            const v = by.get(t);
            return typeof v === "number" ? v : null;
          }),
        };
      }),
    };
  }, [metric, aggregation]);
  if (drawn.series.length === 0) {
    return <Text>There is nothing of this metric in this time.</Text>;
  }
  return <Chart name={metric?.name.value ?? ""} unit={metric?.unit ?? ""} times={drawn.times} series={drawn.series} brushed={brushed} />;
}
