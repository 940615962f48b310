import { Badge, Button, Card, Field, Input, Text, Title3, tokens } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { get, type Finding, type Fix, type Gateway, type Report, type Rival } from "../api";
import { useReport } from "../gateway";
import { Answered, Facts, Page, State, Table, count, useParameter } from "../parts";
import { Range, useRange } from "../range";

export function Diagnose({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [until, setUntil] = useParameter("until", "");
  const report = useReport(gateway, range, until);
  return (
    <Page title="Diagnose and solve problems" beside={<Range />}>
      {until && (
        <Text>
          This is the window from {range} to {until}. <Button size="small" onClick={() => setUntil("")}>Go on to now</Button>
        </Text>
      )}
      <Answered query={report}>{(r) => <Verdict report={r} />}</Answered>
      <Explain gateway={gateway} />
    </Page>
  );
}

function Verdict({ report }: { report: Report }) {
  return (
    <>
      <Card>
        <Title3 as="h2">{report.headline}</Title3>
        <Text>
          {count(report.requests)} requests, {count(report.failures)} failed, {count(report.recovered)} recovered by a retry. {report.window.from} to {report.window.to}
        </Text>
        <Table
          name="Steps"
          columns={["Step", "Result", "What it found"]}
          none=""
          rows={report.steps.map((s) => ({ key: s.step, cells: [s.step, <State of={s.result} />, s.detail] }))}
        />
      </Card>
      {report.undetermined.failures > 0 && (
        <Card>
          <Title3 as="h2">Cannot tell: {count(report.undetermined.failures)} failures</Title3>
          {(report.undetermined.groups ?? []).map((g, i) => (
            <section key={i}>
              <Text weight="semibold">
                {count(g.failures)} failures {g.when}
              </Text>
              <ul>
                {(g.rivals ?? []).map((r) => (
                  <li key={r.cause}>
                    perhaps {r.title} <code>{r.cause}</code>
                  </li>
                ))}
              </ul>
              <Facts of={[["To separate them", g.separate], ["Next", g.next]]} />
            </section>
          ))}
        </Card>
      )}
      {report.findings.map((f, i) => (
        <One key={f.cause + i} finding={f} number={i + 1} />
      ))}
    </>
  );
}

function One({ finding: f, number }: { finding: Finding; number: number }) {
  const where = [f.scope.pool && `pool ${f.scope.pool}`, f.scope.settings && `settings ${f.scope.settings}`, f.scope.member && `member ${f.scope.member}`,
    f.scope.path && `path ${f.scope.path}`, f.scope.instance && `instance ${f.scope.instance}`].filter(Boolean).join(", ");
  return (
    <Card>
      <Title3 as="h2">
        {number}. {f.title} <code>{f.cause}</code>
      </Title3>
      <div>
        <State of={f.confidence} /> <Badge appearance="outline">{count(f.failures)} failures</Badge>{" "}
        {f.recovered > 0 && <Badge appearance="outline">{count(f.recovered)} recovered</Badge>}
      </div>
      <Facts of={[["Where", where], ["When", f.when], ["What happens", f.mechanism]]} />
      <Text weight="semibold">Why we say so</Text>
      <ul>
        {f.evidence.map((e) => (
          <li key={e.fact}>
            {e.fact} <Text style={{ color: tokens.colorNeutralForeground3 }}>({e.source})</Text>
          </li>
        ))}
      </ul>
      {f.fixes.length > 0 && <Text weight="semibold">What to do</Text>}
      {f.fixes.map((fix) => (
        <What key={fix.side + fix.change} fix={fix} />
      ))}
      <details>
        <summary>What else it might be, and what would prove it wrong</summary>
        <ul>
          {f.ruledOut.map((r) => (
            <li key={r.cause}>
              not <code>{r.cause}</code>: {r.because}
            </li>
          ))}
          {f.rivals.map(named).map((r) => (
            <li key={r.cause}>
              perhaps {r.title} <code>{r.cause}</code>
            </li>
          ))}
        </ul>
        <Facts of={[["This would prove it wrong", f.disprovedBy]]} />
      </details>
    </Card>
  );
}

const named = (r: Rival | string): Rival => (typeof r === "string" ? { cause: r } : r);

function What({ fix }: { fix: Fix }) {
  const [low, high] = fix.expected.removes;
  return (
    <section>
      <Text>
        On the {fix.side}: {fix.change}
      </Text>
      {Object.entries(fix.commands).map(([tool, command]) => (
        <pre key={tool}>
          {tool}: {command}
        </pre>
      ))}
      <Text size={200}>
        Saves {low === high ? count(low) : `${count(low)} to ${count(high)}`} of these ({fix.expected.basis}); {fix.expected.note}
      </Text>
    </section>
  );
}

/** Explain explains one request by its id. */
function Explain({ gateway }: { gateway: Gateway }) {
  const [id, setId] = useParameter("request", "");
  const [typed, setTyped] = useState(id);
  const explanation = useQuery({
    queryKey: [gateway.id, "explanation", id],
    enabled: id !== "",
    queryFn: () => get<Record<string, unknown>>(`${gateway.id}/providers/Causeway/explanations/${encodeURIComponent(id)}`),
  });
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
      {id && (
        <Answered query={explanation}>
          {(x) => (
            <Facts
              of={Object.entries(x)
                .filter(([name]) => name !== "schema")
                .map(([name, v]) => [name, typeof v === "string" ? v : <pre>{JSON.stringify(v, null, 2)}</pre>])}
            />
          )}
        </Answered>
      )}
    </Card>
  );
}
