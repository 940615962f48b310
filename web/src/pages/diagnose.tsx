import { Badge, Button, Card, Text, Title3, tokens } from "@fluentui/react-components";
import type { Finding, Gateway, Report, Rival } from "../api";
import { Explain } from "../explain";
import { What } from "../fix";
import { useReport, useTitles } from "../gateway";
import { Answered, Facts, Page, State, Table, count, useParameter } from "../parts";
import { Range, useRange } from "../range";

export function Diagnose({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [until, setUntil] = useParameter("until", "");
  const report = useReport(gateway, range, until);
  const titles = useTitles(gateway);
  return (
    <Page title="Diagnose and solve problems" beside={<Range />}>
      {until && (
        <Text>
          This is the window from {range} to {until}. <Button size="small" onClick={() => setUntil("")}>Go on to now</Button>
        </Text>
      )}
      <Answered query={report}>{(r) => <Verdict report={r} titles={titles} />}</Answered>
      <Explain gateway={gateway} titles={titles} />
    </Page>
  );
}

function Verdict({ report, titles }: { report: Report; titles: ReadonlyMap<string, string> }) {
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
                    perhaps {titles.get(r.cause)} <code>{r.cause}</code>
                    {r.because && `; for it: ${r.because}`}
                    {r.against && `; against it: ${r.against}`}
                  </li>
                ))}
              </ul>
              <Facts of={[["To separate them", g.separate], ["Next", g.next]]} />
            </section>
          ))}
        </Card>
      )}
      {report.findings.map((f, i) => (
        <One key={f.cause + i} finding={f} number={i + 1} titles={titles} />
      ))}
    </>
  );
}

function One({ finding: f, number, titles }: { finding: Finding; number: number; titles: ReadonlyMap<string, string> }) {
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
              not {titles.get(r.cause)} <code>{r.cause}</code>: {r.because}
            </li>
          ))}
          {f.rivals.map(named).map((r) => (
            <li key={r.cause}>
              perhaps {titles.get(r.cause)} <code>{r.cause}</code>
            </li>
          ))}
        </ul>
        <Facts of={[["This would prove it wrong", f.disprovedBy]]} />
      </details>
    </Card>
  );
}

const named = (r: Rival | string): Rival => (typeof r === "string" ? { cause: r } : r);
