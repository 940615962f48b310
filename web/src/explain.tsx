import { Button, Card, Field, Input, Text, Title3 } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState, type FormEvent } from "react";
import { get, type Explanation, type Gateway, type Several } from "./api";
import { What } from "./fix";
import { sourceOf } from "./gateway";
import { Answered, Facts, State, Table, useParameter } from "./parts";

/** Explain explains the request whose id, or time, the URL names. */
export function Explain({ gateway, titles, evidence }: { gateway: Gateway; titles: ReadonlyMap<string, string>; evidence: string }) {
  const [id, setId] = useParameter("request", "");
  const [typed, setTyped] = useState(id);
  const explanation = useQuery({
    queryKey: [gateway.id, "explanation", evidence, id],
    enabled: id !== "",
    retry: false,
    queryFn: ({ signal }) => get<Explanation | Several>(`${sourceOf(gateway, evidence)}/explanations/${encodeURIComponent(id)}`, signal),
  });
  useEffect(() => setTyped(id), [id]);
  const submit = (e: FormEvent) => {
    e.preventDefault();
    setId(typed.trim());
  };
  return (
    <Card>
      <Title3 as="h2">Explain one request</Title3>
      <form onSubmit={submit} style={{ display: "flex", gap: 8, alignItems: "end", flexWrap: "wrap" }}>
        <Field label="Transaction id, or the time at which it began">
          <Input value={typed} onChange={(_, d) => setTyped(d.value)} />
        </Field>
        <Button type="submit">Explain</Button>
      </form>
      {id && <Answered query={explanation}>{(x) => ("requests" in x ? <Choice of={x} pick={setId} /> : <Explained of={x} titles={titles} />)}</Answered>}
    </Card>
  );
}

/** Choice asks which of several requests is meant. */
function Choice({ of, pick }: { of: Several; pick: (id: string) => void }) {
  return (
    <>
      <Text>Several failed requests began then. Which one?{of.more ? ` ${of.more} more are not listed.` : ""}</Text>
      <Table
        name="Requests that began then"
        columns={["Request", "Status", "Client", "Member", "Explain"]}
        none=""
        rows={of.requests.map((r) => ({
          key: r.pick,
          cells: [r.request, r.status, r.client, r.member ?? "", <Button size="small" onClick={() => pick(r.pick)}>Explain</Button>],
        }))}
      />
    </>
  );
}

function Explained({ of: x, titles }: { of: Explanation; titles: ReadonlyMap<string, string> }) {
  const facts: [string, string | undefined][] = [
    ["Request", x.request],
    ["Began", x.at],
    ["Client", x.client],
    ["Way", [x.instance, x.listener, x.rule, x.pool, x.settings].filter(Boolean).join(" → ")],
    ["Answer", `${x.status} after ${x.took.toLocaleString("en", { maximumSignificantDigits: 3 })} s`],
    ["Error", x.errorInfo],
    ["Fault", x.fault],
  ];
  return (
    <>
      <Facts of={facts.filter(([, v]) => v)} />
      <Table
        name="Attempts"
        columns={["Member", "Server", "Connection", "Status", "Outcome"]}
        none="No member was tried."
        rows={(x.attempts ?? []).map((a, i) => ({ key: a.server + i, cells: [a.member, a.server, a.connection, a.status || "none", a.outcome] }))}
      />
      {x.cause && (
        <Text weight="semibold">
          {x.title} <code>{x.cause}</code> {x.confidence && <State of={x.confidence} />}
        </Text>
      )}
      <ul>
        {[...(x.why ?? []), ...(x.noted ?? [])].map((text) => (
          <li key={text}>{text}</li>
        ))}
        {!x.cause &&
          (x.rivals ?? []).map((r) => (
            <li key={r.cause}>
              perhaps {titles.get(r.cause)} <code>{r.cause}</code>
            </li>
          ))}
      </ul>
      {(x.fixes ?? []).map((fix) => (
        <What key={fix.side + fix.change} fix={fix} />
      ))}
      <Facts of={([["To separate them", x.separate], ["Next", x.next], ["Not recorded", (x.missing ?? []).join("; ")]] as [string, string | undefined][]).filter(([, v]) => v)} />
    </>
  );
}
