import { keepPreviousData, useQuery, type UseQueryResult } from "@tanstack/react-query";
import { get, post, type ActivityEvent, type Gateway, type Health, type Metric, type Report, type Status } from "./api";

const often = 2_000;
const seldom = 10_000;

/** useGateway is the gateway that this Causeway is; null: there is none yet. */
export function useGateway(): UseQueryResult<Gateway | null> {
  return useQuery({
    queryKey: ["gateway"],
    refetchInterval: seldom,
    queryFn: async () => {
      const subscriptions = await get<{ value: { subscriptionId: string }[] }>("/subscriptions");
      const id = subscriptions.value[0]?.subscriptionId;
      if (!id) {
        return null;
      }
      const all = await get<{ value: Gateway[] }>(`/subscriptions/${id}/providers/Microsoft.Network/applicationGateways`);
      return all.value[0] ?? null;
    },
  });
}

/** useOf asks for something about a gateway, again and again; what was there before stays while the next answer is on its way. */
function useOf<T>(gateway: Gateway, key: unknown[], every: number | false, ask: (signal: AbortSignal) => Promise<T>, again = true): UseQueryResult<T> {
  return useQuery({
    queryKey: [gateway.id, ...key],
    queryFn: ({ signal }) => ask(signal),
    refetchInterval: every,
    placeholderData: keepPreviousData,
    ...(again ? {} : { retry: false }),
  });
}

export const useStatus = (g: Gateway) => useOf(g, ["status"], often, () => get<Status>(`${g.id}/providers/Causeway/status`));

export const useHealth = (g: Gateway) => useOf(g, ["health"], often, () => post<Health>(`${g.id}/backendhealth`));

/** windowOf is the part of a URL that names a window. A range goes as it is, so that all who look at it share one diagnosis. */
export const windowOf = (since: string, until: string) => new URLSearchParams({ ...(since && { since }), ...(until && { until }) });

/** sourceOf is where reports come from: this gateway, or evidence that was given. */
export const sourceOf = (g: Gateway, evidence: string) => `${g.id}/providers/Causeway${evidence && `/evidence/${evidence}`}`;

/** useReport is the diagnosis of a window, or of evidence, which has only one. */
export const useReport = (g: Gateway, since: string, until: string, evidence = "") =>
  useOf(
    g,
    ["report", since, until, evidence],
    until || evidence ? false : 60_000,
    (signal) => get<Report>(`${sourceOf(g, evidence)}/diagnosis?${evidence ? "" : windowOf(since, until)}`, signal),
    false,
  );

/** useTitles is the title of each cause, by its id. */
export function useTitles(g: Gateway): ReadonlyMap<string, string> {
  const causes = useQuery({
    queryKey: [g.id, "causes"],
    staleTime: Infinity,
    queryFn: async () => (await get<{ value: { id: string; title: string }[] }>(`${g.id}/providers/Causeway/causes`)).value,
    select: titled,
  });
  return causes.data ?? none;
}

const none: ReadonlyMap<string, string> = new Map();
const titled = (all: { id: string; title: string }[]): ReadonlyMap<string, string> => new Map(all.map((c) => [c.id, c.title]));

/** startOf is when a range such as 30m, 6h or 2d began, RFC 3339; a time stays as it is. */
export function startOf(range: string): string {
  const m = /^(\d+)([mhd])$/.exec(range);
  if (!m) {
    return range;
  }
  const minutes = Number(m[1]) * { m: 1, h: 60, d: 1440 }[m[2] as "m" | "h" | "d"];
  return new Date(Date.now() - minutes * 60_000).toISOString();
}

/** intervalOf is how far the points of a range are apart: PT1M, PT5M or PT1H. */
export function intervalOf(range: string, until = ""): "PT1M" | "PT5M" | "PT1H" {
  const minutes = Math.round(((until ? Date.parse(until) : Date.now()) - Date.parse(startOf(range))) / 60_000);
  return minutes > 2880 ? "PT1H" : minutes > 360 ? "PT5M" : "PT1M";
}

export const useMetrics = (g: Gateway, names: string[], range: string, aggregation: string, split: string) =>
  useOf(g, ["metrics", names.join(), range, aggregation, split], seldom, async () => {
    const from = startOf(range);
    const query = new URLSearchParams({
      metricnames: names.join(),
      timespan: `${from}/${new Date().toISOString()}`,
      interval: intervalOf(range),
      aggregation,
      ...(split && { $filter: `${split} eq '*'` }),
    });
    return (await get<{ value: Metric[] }>(`${g.id}/providers/Microsoft.Insights/metrics?${query}`)).value;
  });

/** useEvents are the newest events of the activity log since a time. */
export const useEvents = (g: Gateway, since: string) =>
  useOf(g, ["newest events", since], seldom, async (signal) => {
    const filter = `eventTimestamp ge '${startOf(since)}' and resourceUri eq '${g.id}'`;
    const path = `/subscriptions/${g.id.split("/")[2] ?? ""}/providers/Microsoft.Insights/eventtypes/management/values`;
    return (await get<{ value: ActivityEvent[] }>(`${path}?${new URLSearchParams({ $filter: filter })}`, signal)).value;
  });
