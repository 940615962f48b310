// A chart of a metric: what it shows, as a text that fits into a URL, and how it is asked for and drawn.
import { Text } from "@fluentui/react-components";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo, useSyncExternalStore } from "react";
import { get, type Gateway, type Metric } from "./api";
import { Chart } from "./chart";
import { intervalOf, startOf } from "./gateway";
import { Missing } from "./nodes";
import { Answered } from "./parts";

/** Picture is what a chart shows: with a dimension and a value, only that. An empty aggregation is the metric's own. */
export type Picture = { metric: string; aggregation: string; split: string; dimension: string; value: string };

export const textOf = (p: Picture) => [p.metric, p.aggregation, p.split, p.dimension, p.value].map(encodeURIComponent).join(";");

export function pictureOf(text: string): Picture {
  const [metric = "", aggregation = "", split = "", dimension = "", value = ""] = text.split(";").map(decoded);
  return { metric, aggregation, split, dimension, value };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // of a URL that somebody has changed
  }
}

export type Definition = {
  name: { value: string; localizedValue: string };
  unit: string;
  primaryAggregationType: string;
  supportedAggregationTypes: string[];
  dimensions?: { value: string }[];
};

export const useDefinitions = (g: Gateway) =>
  useQuery({
    queryKey: [g.id, "definitions"],
    staleTime: Infinity,
    queryFn: async () => (await get<{ value: Definition[] }>(`${g.id}/providers/Microsoft.Insights/metricDefinitions`)).value,
  });

export const aggregationOf = (of: Definition, p: Picture) => (of.supportedAggregationTypes.includes(p.aggregation) ? p.aggregation : of.primaryAggregationType);

const equals = (dimension: string, value: string) => `${dimension} eq '${value.replaceAll("'", "''")}'`;

/** valuesOf are the values that a dimension had within a day. */
export async function valuesOf(g: Gateway, metric: string, dimension: string): Promise<string[]> {
  const query = new URLSearchParams({
    metricnames: metric, timespan: `${startOf("1d")}/${new Date().toISOString()}`, interval: "PT1H", resultType: "Metadata", top: "100", $filter: equals(dimension, "*"),
  });
  const all = (await get<{ value: Metric[] }>(`${g.id}/providers/Microsoft.Insights/metrics?${query}`)).value;
  return (all[0]?.timeseries ?? []).map((s) => s.metadatavalues?.[0]?.value ?? "").filter(Boolean);
}

type Measured = { value: Metric[]; causewayMissingNodes?: string[] };

const useMeasured = (g: Gateway, of: Definition, p: Picture, range: string, until: string) =>
  useQuery({
    queryKey: [g.id, "picture", textOf(p), aggregationOf(of, p), range, until],
    refetchInterval: until ? false : 10_000,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const known = (d: string) => (of.dimensions ?? []).some((x) => x.value === d);
      const filtered = known(p.dimension) && p.value !== "";
      const split = known(p.split) && !(filtered && p.split === p.dimension);
      const filter = [split && equals(p.split, "*"), filtered && equals(p.dimension, p.value)].filter(Boolean).join(" and ");
      const query = new URLSearchParams({
        metricnames: of.name.value,
        timespan: `${startOf(range)}/${until || lastMinute()}`,
        interval: intervalOf(range, until),
        aggregation: aggregationOf(of, p),
        ...(filter && { $filter: filter }),
        ...(filtered && { rollupby: p.dimension }),
      });
      return get<Measured>(`${g.id}/providers/Microsoft.Insights/metrics?${query}`, signal);
    },
  });

/** lastMinute is the end of the last minute that is complete: a part of one would look like a fall. */
const lastMinute = () => new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString();

/** MetricChart draws a picture. */
export function MetricChart({ gateway, of, picture, range, until, brushed }: {
  gateway: Gateway;
  of: Definition;
  picture: Picture;
  range: string;
  until: string;
  brushed?: (from: number, to: number) => void;
}) {
  const aggregation = aggregationOf(of, picture);
  const measured = useMeasured(gateway, of, picture, range, until);
  return (
    <Answered query={measured}>
      {(m) => (
        <>
          <Missing nodes={m.causewayMissingNodes} what="what they measured" />
          <Drawn metric={m.value[0]} name={`${aggregation} of ${of.name.localizedValue}`} unit={aggregation === "Count" ? "Count" : of.unit} aggregation={aggregation} brushed={brushed} />
        </>
      )}
    </Answered>
  );
}

function Drawn({ metric, name, unit, aggregation, brushed }: {
  metric: Metric | undefined;
  name: string;
  unit: string;
  aggregation: string;
  brushed: ((from: number, to: number) => void) | undefined;
}) {
  const drawn = useMemo(() => {
    const key = aggregation.toLowerCase();
    const times = [...new Set((metric?.timeseries ?? []).flatMap((s) => s.data.map((d) => d.timeStamp)))].sort();
    return {
      times: times.map((t) => Date.parse(t) / 1000),
      series: (metric?.timeseries ?? []).map((s) => {
        const by = new Map(s.data.map((d) => [d.timeStamp, d[key]]));
        return {
          name: (s.metadatavalues ?? []).map((v) => v.value || "none").join(", ") || name,
          values: times.map((t) => {
            const v = by.get(t);
            return typeof v === "number" ? v : null;
          }),
        };
      }),
    };
  }, [metric, aggregation, name]);
  if (!drawn.series.some((s) => s.values.some((v) => v !== null))) {
    return <Text>There is nothing of this metric in this time.</Text>;
  }
  return <Chart name={name} unit={unit} times={drawn.times} series={drawn.series} {...(brushed && { brushed })} />;
}

const listeners = new Set<() => void>();
const subscribe = (told: () => void) => {
  listeners.add(told);
  addEventListener("storage", told); // another tab
  return () => {
    listeners.delete(told);
    removeEventListener("storage", told);
  };
};

/** usePins are the charts that Overview shows as well, in this browser. */
export function usePins(g: Gateway): [string[], (next: string[]) => void] {
  const place = `causeway.pins.${g.id.toLowerCase()}`;
  const kept = useSyncExternalStore(subscribe, () => localStorage.getItem(place) ?? "");
  const set = (next: string[]) => {
    localStorage.setItem(place, next.join("\n"));
    listeners.forEach((told) => told());
  };
  return [kept.split("\n").filter(Boolean), set];
}
