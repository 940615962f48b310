import { Button, Card, Field, Input, Select, Text } from "@fluentui/react-components";
import { keepPreviousData, useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "react-router";
import { get, type ActivityEvent, type Gateway } from "../api";
import { startOf } from "../gateway";
import { Missing } from "../nodes";
import { Failure, Facts, Page, State, Table, Waiting, clock, useParameter } from "../parts";
import { Range, useRange } from "../range";

type Answer = { value: ActivityEvent[]; nextLink?: string; causewayMissingNodes?: string[] };

export function Activity({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [status, setStatus] = useParameter("status", "");
  const [operation, setOperation] = useParameter("operation", "");
  const activity = useInfiniteQuery({
    queryKey: [gateway.id, "events", range, status],
    refetchInterval: 10_000,
    placeholderData: keepPreviousData,
    initialPageParam: "",
    queryFn: ({ pageParam, signal }) => get<Answer>(pageParam || firstOf(gateway, range, status), signal),
    getNextPageParam: (last) => last.nextLink && pathOf(last.nextLink),
  });
  const events = (activity.data?.pages ?? []).flatMap((p) => p.value);
  const shown = events.filter((e) => (nameOf(e) + " " + whatOf(e)).toLowerCase().includes(operation.toLowerCase()));
  return (
    <Page title="Activity log" beside={<Range />}>
      <Card>
        <div style={{ display: "flex", gap: 12, flexWrap: "wrap" }}>
          <Field label="Status">
            <Select value={status} onChange={(_, d) => setStatus(d.value)}>
              <option value="">any</option>
              <option>Succeeded</option>
              <option>Failed</option>
            </Select>
          </Field>
          <Field label="Operation, or what happened">
            <Input value={operation} placeholder="part of it" onChange={(_, d) => setOperation(d.value)} />
          </Field>
        </div>
        <Missing nodes={activity.data?.pages[0]?.causewayMissingNodes} what="their part of the log" />
        {activity.error && <Failure error={activity.error} />}
        {activity.data === undefined ? (
          !activity.error && <Waiting />
        ) : (
          <>
            <Text size={200}>
              {shown.length} of {events.length} events{activity.hasNextPage ? "; there are older ones" : ""}
            </Text>
            <Table
              name="Activity log"
              columns={["Time", "Operation", "Status", "By", "What"]}
              none={events.length === 0 ? "Nothing happened in this time." : "No event matches."}
              rows={shown.map((e) => ({
                key: e.eventDataId,
                cells: [clock(e.eventTimestamp), nameOf(e), <State of={e.status.value} />, e.caller ?? "", <What of={e} />],
              }))}
            />
            {activity.hasNextPage && (
              <Button style={{ justifySelf: "start" }} disabled={activity.isFetchingNextPage} onClick={() => void activity.fetchNextPage()}>
                Show older events
              </Button>
            )}
          </>
        )}
      </Card>
    </Page>
  );
}

/** firstOf is the path of the newest events. */
function firstOf(g: Gateway, range: string, status: string): string {
  const filter = [`eventTimestamp ge '${startOf(range)}'`, `resourceUri eq '${g.id}'`, ...(status ? [`status eq '${status}'`] : [])].join(" and ");
  return `/subscriptions/${g.id.split("/")[2]}/providers/Microsoft.Insights/eventtypes/management/values?${new URLSearchParams({ $filter: filter })}`;
}

/** pathOf is a link of the API without its host, and without the version that each request adds. */
function pathOf(link: string): string {
  const url = new URL(link);
  url.searchParams.delete("api-version");
  return url.pathname + "?" + url.searchParams;
}

const nameOf = (e: ActivityEvent) => e.operationName.localizedValue ?? e.operationName.value;
const whatOf = (e: ActivityEvent) => e.description ?? e.properties?.["statusMessage"] ?? "";

/** What says what happened, with everything that the log has of it. */
function What({ of: e }: { of: ActivityEvent }) {
  const at = Date.parse(e.eventTimestamp);
  const around = new URLSearchParams({ range: new Date(at - 5 * 60_000).toISOString(), until: new Date(at + 5 * 60_000).toISOString() });
  const facts: [string, string][] = [
    ["Time", e.eventTimestamp],
    ["Level", e.level ?? ""],
    ["Operation", e.operationName.value],
    ["Resource", e.resourceId],
    ["Correlation id", e.correlationId ?? ""],
    ...Object.entries(e.properties ?? {}),
  ];
  return (
    <>
      {whatOf(e)}
      <details>
        <summary>Details</summary>
        <Facts of={facts.filter(([, v]) => v).map(([name, v]) => [name, <span style={{ overflowWrap: "anywhere" }}>{v}</span>])} />
        <Link to={`/diagnose?${around}`}>Diagnose around this time</Link>
      </details>
    </>
  );
}
