import { Card, Checkbox, Input, Text } from "@fluentui/react-components";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { post, type Gateway } from "../api";
import { startOf } from "../gateway";
import { Answered, Page, Table, clock, useParameter } from "../parts";
import { Range, useRange } from "../range";

const most = 500;

type Answer = { tables: { columns: { name: string }[]; rows: unknown[][] }[] };

export function Logs({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [filter, setFilter] = useParameter("filter", "");
  const [failed, setFailed] = useParameter("failed", "");
  const log = useQuery({
    queryKey: [gateway.id, "log", range],
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
    queryFn: async () => {
      const answer = await post<Answer>("/v1/workspaces/causeway/query", {
        query: `AGWAccessLogs | where TimeGenerated >= datetime(${startOf(range)}) | order by TimeGenerated desc | take ${most}`,
      });
      const table = answer.tables[0];
      return (table?.rows ?? []).map((row) => Object.fromEntries((table?.columns ?? []).map((c, i) => [c.name, row[i]])) as Record<string, unknown>);
    },
  });
  return (
    <Page title="Logs" beside={<Range />}>
      <Card>
        <div style={{ display: "flex", gap: 12, flexWrap: "wrap", alignItems: "center" }}>
          <Input aria-label="Filter" placeholder="part of a path, host, member or id" value={filter} onChange={(_, d) => setFilter(d.value)} />
          <Checkbox label="only failed requests" checked={failed !== ""} onChange={(_, d) => setFailed(d.checked ? "1" : "")} />
        </div>
        <Answered query={log}>
          {(rows) => {
            const shown = rows.filter((r) => (!failed || Number(r.HttpStatus) >= 500 || Number(r.HttpStatus) === 499) &&
              (!filter || JSON.stringify(Object.values(r)).toLowerCase().includes(filter.toLowerCase())));
            return (
              <>
                <Text size={200}>
                  {shown.length} of the newest {rows.length} requests of this time
                  {rows.length === most && ", which has more: causeway logs filters all of them"}
                </Text>
                <Table
                  name="Requests"
                  columns={["Time", "Status", "Request", "Host", "Member", "Taken", "Member took", "Why", "Explain"]}
                  none="None of these requests matches."
                  rows={shown.map((r, i) => ({
                    key: String(r.TransactionId) + i,
                    cells: [
                      clock(String(r.TimeGenerated)), String(r.HttpStatus), `${r.HttpMethod} ${r.RequestUri}`, String(r.OriginalHost ?? r.Host ?? ""),
                      String(r.ServerRouted ?? ""), <span style={{ whiteSpace: "nowrap" }}>{String(r.TimeTaken)} s</span>, `${r.ServerResponseLatency || "none"}`, String(r.ErrorInfo ?? ""),
                      <Link to={`/diagnose?${new URLSearchParams({ range, request: String(r.TransactionId) })}`}>explain</Link>,
                    ],
                  }))}
                />
              </>
            );
          }}
        </Answered>
      </Card>
    </Page>
  );
}
