import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { post, type Gateway } from "./api";

/** Row is a request, as the access log has it. */
export type Row = Record<string, unknown>;

type Answer = { tables: { columns: { name: string }[]; rows: unknown[][] }[] };

/** rowsOf asks the access log; the query is one of Log Analytics. */
export async function rowsOf(query: string): Promise<Row[]> {
  const table = (await post<Answer>("/v1/workspaces/causeway/query", { query })).tables[0];
  return (table?.rows ?? []).map((row) => Object.fromEntries((table?.columns ?? []).map((c, i) => [c.name, row[i]])));
}

/** hasFailed reports whether a request failed: the gateway, or the member, had no good answer, or the client left. */
export const hasFailed = (r: Row) => Number(r["HttpStatus"]) >= 500 || Number(r["HttpStatus"]) === 499;

const minute = 60_000;
const most = 1_000;

/** Traffic is what requests of the last minute did: all of them, or the newest, over the time that they cover, in seconds. */
export type Traffic = { rows: Row[]; seconds: number };

/** useTraffic is the traffic of now. */
export const useTraffic = (g: Gateway) =>
  useQuery({
    queryKey: [g.id, "traffic"],
    refetchInterval: 5_000,
    placeholderData: keepPreviousData,
    queryFn: async (): Promise<Traffic> => {
      const from = Date.now() - minute;
      const rows = await rowsOf(`AGWAccessLogs | where TimeGenerated >= datetime(${new Date(from).toISOString()}) | order by TimeGenerated desc | take ${most}`);
      const oldest = rows.length === most ? Date.parse(String(rows.at(-1)?.["TimeGenerated"])) : from;
      return { rows, seconds: Math.max(1, (Date.now() - oldest) / 1000) };
    },
  });
