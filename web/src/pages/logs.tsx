import { Button, Card, Checkbox, Field, Input, Menu, MenuItemCheckbox, MenuList, MenuPopover, MenuTrigger, Select, Switch, Text, tokens } from "@fluentui/react-components";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useEffect, useState, type ReactNode } from "react";
import { Link } from "react-router";
import type { Gateway } from "../api";
import { startOf } from "../gateway";
import { rowsOf, type Row } from "../log";
import { Answered, Page, State, Table, clock, useParameter } from "../parts";
import { Range, useRange } from "../range";
import { itemsOf } from "../resource";

const step = 100;
const most = 5_000;

/** texts are what a request may be searched for: each is part of a column. */
const texts = [
  { parameter: "path", name: "Path", column: "OriginalRequestUriWithArgs" },
  { parameter: "host", name: "Host", column: "OriginalHost" },
  { parameter: "client", name: "Client", column: "ClientIp" },
  { parameter: "member", name: "Member", column: "ServerRouted" },
] as const;

type Column = { id: string; name: string; cell: (r: Row, timeouts: Map<string, number>) => ReactNode };

const text = (id: string, name: string, column: string): Column => ({ id, name, cell: (r) => String(r[column] ?? "") });

/** columns are all that the table can show; those of usual are shown unless the URL names others. */
const columns: Column[] = [
  { id: "time", name: "Time", cell: (r) => <span style={{ whiteSpace: "nowrap" }}>{clock(String(r["TimeGenerated"]))}</span> },
  { id: "status", name: "Status", cell: (r) => <State of={Number(r["HttpStatus"]) >= 499 ? "Failed" : ""} text={String(r["HttpStatus"])} /> },
  { id: "request", name: "Request", cell: (r) => <span style={{ overflowWrap: "anywhere" }}>{`${r["HttpMethod"]} ${r["OriginalRequestUriWithArgs"] || r["RequestUri"]}`}</span> },
  text("host", "Host", "OriginalHost"),
  text("client", "Client", "ClientIp"),
  text("listener", "Listener", "ListenerName"),
  text("rule", "Rule", "RuleName"),
  text("pool", "Pool", "BackendPoolName"),
  text("member", "Member", "ServerRouted"),
  { id: "taken", name: "Taken", cell: (r) => <span style={{ whiteSpace: "nowrap" }}>{String(r["TimeTaken"])} s</span> },
  { id: "latency", name: "Member, of its request timeout", cell: (r, timeouts) => <Latency of={String(r["ServerResponseLatency"] ?? "")} timeout={timeouts.get(String(r["BackendSettingName"]))} /> },
  text("memberStatus", "Member's status", "ServerStatus"),
  text("why", "Why", "ErrorInfo"),
  text("instance", "Instance", "InstanceId"),
  text("agent", "User agent", "UserAgent"),
  text("id", "Transaction id", "TransactionId"),
];

const usual = "time,status,request,member,taken,latency,why";

/** quoted is a text of the query language. */
const quoted = (value: string) => `'${value.replace(/[\\']/g, "\\$&")}'`;

/** useFilter is what the URL asks for, as conditions of a query. */
function useFilter(): string[] {
  const [status] = useParameter("status", "");
  const [failed] = useParameter("failed", "");
  const [until] = useParameter("until", "");
  const wanted = texts.map((t) => [t.column, useParameter(t.parameter, "")[0]] as const);
  const out = wanted.filter(([, value]) => value !== "").map(([column, value]) => `${column} contains ${quoted(value)}`);
  if (failed !== "") {
    out.push("HttpStatus >= 499");
  }
  if (/^[1-5]$/.test(status)) {
    out.push(`HttpStatus >= ${status}00`, `HttpStatus <= ${status}99`);
  }
  if (until !== "" && !Number.isNaN(Date.parse(until))) {
    out.push(`TimeGenerated < datetime(${until})`);
  }
  return out;
}

/** useAtTop reports whether the head of the page is in view: what is being read further down must not move. */
function useAtTop(): boolean {
  const [at, set] = useState(true);
  useEffect(() => {
    const look = () => set(scrollY < 200);
    addEventListener("scroll", look, { passive: true });
    return () => removeEventListener("scroll", look);
  }, []);
  return at;
}

export function Logs({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [rows, setRows] = useParameter("rows", String(step));
  const [paused, setPaused] = useParameter("paused", "");
  const [shown, setShown] = useParameter("columns", usual);
  const atTop = useAtTop();
  const conditions = useFilter();
  const wanted = Math.min(Math.max(Number(rows) || step, 1), most);
  const follows = paused === "" && atTop;
  const log = useQuery({
    queryKey: [gateway.id, "log", range, wanted, ...conditions],
    refetchInterval: follows ? (wanted > 1_000 ? 10_000 : 3_000) : false,
    placeholderData: keepPreviousData,
    queryFn: () => {
      const where = [`TimeGenerated >= datetime(${startOf(range)})`, ...conditions].join(" and ");
      return rowsOf(`AGWAccessLogs | where ${where} | order by TimeGenerated desc | take ${wanted + 1}`); // one more tells whether there are more
    },
  });
  const timeouts = new Map(itemsOf(gateway, "backendHttpSettingsCollection").map((s) => [s.name, Number(s.properties["requestTimeout"])]));
  const chosen = columns.filter((c) => shown.split(",").includes(c.id));
  return (
    <Page title="Logs" beside={<Range />}>
      <Card>
        <div style={{ display: "flex", gap: 12, flexWrap: "wrap", alignItems: "end" }}>
          <StatusFilter />
          {texts.map((t) => (
            <TextFilter key={t.parameter} parameter={t.parameter} name={t.name} />
          ))}
          <Columns shown={chosen.map((c) => c.id)} choose={setShown} />
          <Switch label="Follow" checked={paused === ""} onChange={(_, d) => setPaused(d.checked ? "" : "1")} />
        </div>
        <Answered query={log}>
          {(found) => (
            <>
              <Text size={200}>
                {found.length > wanted ? `The newest ${wanted} requests that match; there are more.` : `${found.length} requests match in this time.`}
                {paused !== "" ? " New ones do not appear: following is off." : !atTop ? " New ones wait while you read further down." : ""}
              </Text>
              <Table
                name="Requests"
                columns={[...chosen.map((c) => c.name), "Explain"]}
                none="No request matches in this time."
                rows={found.slice(0, wanted).map((r, i) => ({
                  key: `${r["TransactionId"]} ${r["TransactionId"] ? "" : i}`,
                  cells: [
                    ...chosen.map((c) => c.cell(r, timeouts)),
                    <Link to={`/diagnose?${new URLSearchParams({ range, request: String(r["TransactionId"]) })}`}>explain</Link>,
                  ],
                }))}
              />
              {found.length > wanted && wanted < most && (
                <Button style={{ justifySelf: "start" }} onClick={() => setRows(String(Math.min(most, wanted + 2 * step)))}>
                  Show {2 * step} more
                </Button>
              )}
              {found.length > wanted && wanted >= most && <Text>For more than {most} at once, ask causeway logs, or choose a shorter time.</Text>}
            </>
          )}
        </Answered>
      </Card>
    </Page>
  );
}

function StatusFilter() {
  const [status, setStatus] = useParameter("status", "", ["rows"]);
  const [failed, setFailed] = useParameter("failed", "", ["rows"]);
  return (
    <>
      <Field label="Status">
        <Select value={status} onChange={(_, d) => setStatus(d.value)}>
          <option value="">any</option>
          {["1", "2", "3", "4", "5"].map((s) => (
            <option key={s} value={s}>{`${s}xx`}</option>
          ))}
        </Select>
      </Field>
      <Checkbox label="only failed requests" checked={failed !== ""} onChange={(_, d) => setFailed(d.checked ? "1" : "")} />
    </>
  );
}

/** TextFilter asks once somebody has stopped typing. */
function TextFilter({ parameter, name }: { parameter: string; name: string }) {
  const [value, setValue] = useParameter(parameter, "", ["rows"]);
  const [typed, setTyped] = useState(value);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => {
    if (typed === value) {
      return;
    }
    const later = setTimeout(() => setValue(typed), 400);
    return () => clearTimeout(later);
  }, [typed]);
  return (
    <Field label={name} style={{ width: "9rem" }}>
      <Input value={typed} placeholder="part of it" onChange={(_, d) => setTyped(d.value)} style={{ minWidth: 0, width: "100%" }} input={{ style: { minWidth: 0, width: "100%" } }} />
    </Field>
  );
}

function Columns({ shown, choose }: { shown: string[]; choose: (columns: string) => void }) {
  return (
    <Menu checkedValues={{ columns: shown }} onCheckedValueChange={(_, d) => choose(columns.filter((c) => d.checkedItems.includes(c.id)).map((c) => c.id).join())}>
      <MenuTrigger disableButtonEnhancement>
        <Button>Columns</Button>
      </MenuTrigger>
      <MenuPopover>
        <MenuList>
          {columns.map((c) => (
            <MenuItemCheckbox key={c.id} name="columns" value={c.id}>
              {c.name}
            </MenuItemCheckbox>
          ))}
        </MenuList>
      </MenuPopover>
    </Menu>
  );
}

/** Latency holds what the member took against the time that its settings give it: who waits as long as that has timed out. */
function Latency({ of, timeout }: { of: string; timeout: number | undefined }) {
  const took = Number.parseFloat(of);
  if (Number.isNaN(took) || !timeout) {
    return <>{timeout ? `no response of ${timeout} s` : ""}</>;
  }
  const share = Math.min(1, took / timeout);
  return (
    <div style={{ whiteSpace: "nowrap" }}>
      {took} of {timeout} s
      <div aria-hidden style={{ height: 4, backgroundColor: tokens.colorNeutralBackground5 }}>
        <div style={{ height: 4, width: `${100 * share}%`, backgroundColor: share > 0.95 ? tokens.colorPaletteRedBackground3 : tokens.colorBrandBackground }} />
      </div>
    </div>
  );
}
