import { Badge, Button, Card, MessageBar, MessageBarActions, MessageBarBody, Text, Title3, ToggleButton, tokens } from "@fluentui/react-components";
import { useState } from "react";
import { useSearchParams } from "react-router";
import { download, type Finding, type Gateway, type Report, type Rival } from "../api";
import { Failures, Picture } from "../drawing";
import { Give, Given } from "../evidence";
import { Explain } from "../explain";
import { What } from "../fix";
import { sourceOf, useEvents, useReport, useTitles, windowOf } from "../gateway";
import { Guided } from "../guide";
import { Answered, Facts, Failure, Page, State, Table, clock, count, useParameter } from "../parts";
import { Range, useRange } from "../range";
import { Watch, trialOf, useTrial, type Trial } from "../trial";

export function Diagnose({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [until, setUntil] = useParameter("until", "");
  const [evidence, setEvidence] = useParameter("evidence", "", ["request", "view"]);
  const [request] = useParameter("request", "");
  const [view, setView] = useParameter("view", request ? "request" : "verdict");
  const [trial, setTrial] = useTrial(gateway);
  const titles = useTitles(gateway);
  return (
    <Page title="Diagnose and solve problems" beside={!evidence && <Range />}>
      {evidence && <Given gateway={gateway} id={evidence} leave={() => setEvidence("")} />}
      {until && !evidence && (
        <Text>
          This is the window from {range} to {until}. <Button size="small" onClick={() => setUntil("")}>Go on to now</Button>
        </Text>
      )}
      {trial && !evidence && <Watch gateway={gateway} trial={trial} end={() => setTrial(undefined)} />}
      <Views now={view} choose={setView} />
      {view === "guide" && <Guided gateway={gateway} since={range} until={until} evidence={evidence} />}
      {view === "request" && <Explain gateway={gateway} titles={titles} evidence={evidence} />}
      {view === "evidence" && <Give gateway={gateway} done={setEvidence} />}
      {view === "verdict" && <Verdict gateway={gateway} since={range} until={until} evidence={evidence} titles={titles} begin={setTrial} />}
    </Page>
  );
}

const views: [string, string][] = [["verdict", "Verdict"], ["guide", "Step by step"], ["request", "One request"], ["evidence", "Evidence from Azure"]];

/** Views are the ways to look for a cause. */
function Views({ now, choose }: { now: string; choose: (view: string) => void }) {
  return (
    <nav aria-label="Ways to look" style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
      {views.map(([view, name]) => (
        <ToggleButton key={view} checked={now === view} appearance={now === view ? "primary" : "secondary"} onClick={() => choose(view)}>
          {name}
        </ToggleButton>
      ))}
    </nav>
  );
}

type VerdictProps = {
  gateway: Gateway;
  since: string;
  until: string;
  evidence: string;
  titles: ReadonlyMap<string, string>;
  begin: (t: Trial) => void;
};

function Verdict({ gateway, since, until, evidence, titles, begin }: VerdictProps) {
  const report = useReport(gateway, since, until, evidence);
  return (
    <Answered query={report}>
      {(r) => (
        <>
          {!evidence && <Changed gateway={gateway} report={r} />}
          <Summary report={r} />
          <Undetermined report={r} titles={titles} />
          {r.findings.map((f, i) => (
            <One key={f.cause + i} finding={f} number={i + 1} report={r} titles={titles} {...(!evidence && { gateway, begin })} />
          ))}
          <Others report={r} />
          <Keep gateway={gateway} since={since} until={until} evidence={evidence} />
        </>
      )}
    </Answered>
  );
}

/** Changed says so where the configuration is not the same all through the window: a limit of then may not be the one of now. */
function Changed({ gateway, report: r }: { gateway: Gateway; report: Report }) {
  const events = useEvents(gateway, r.window.from);
  const [, setSearch] = useSearchParams();
  const last = (events.data ?? [])
    .filter((e) => /applicationGateways\/write$/i.test(e.operationName.value) && e.status.value === "Succeeded" && e.eventTimestamp > r.window.from && e.eventTimestamp < r.window.to)
    .toSorted((a, b) => a.eventTimestamp.localeCompare(b.eventTimestamp))
    .at(-1);
  if (!last) {
    return null;
  }
  return (
    <MessageBar intent="warning" layout="multiline">
      <MessageBarBody>
        {last.caller} changed the configuration at {clock(last.eventTimestamp)}. What failed before may have met other limits than those of now, so diagnose each
        part by itself.
      </MessageBarBody>
      <MessageBarActions>
        <Button size="small" onClick={() => setSearch({ range: r.window.from, until: last.eventTimestamp })}>
          Diagnose until then
        </Button>
        <Button size="small" onClick={() => setSearch({ range: last.eventTimestamp })}>
          Diagnose since then
        </Button>
      </MessageBarActions>
    </MessageBar>
  );
}

function Summary({ report: r }: { report: Report }) {
  return (
    <Card>
      <Title3 as="h2">{r.headline}</Title3>
      <Text>
        {count(r.requests)} requests, {count(r.failures)} failed, {count(r.recovered)} recovered by a retry. {r.window.from} to {r.window.to}
      </Text>
      {r.drawings.timeline && <Picture of={r.drawings.timeline} />}
      <Table
        name="Steps"
        columns={["Step", "Result", "What it found"]}
        none=""
        rows={r.steps.map((s) => ({ key: s.step, cells: [s.step, <State of={s.result} />, s.detail] }))}
      />
      {(r.notRead ?? []).map((line) => (
        <Text key={line} size={200}>
          {line}
        </Text>
      ))}
    </Card>
  );
}

function Undetermined({ report: r, titles }: { report: Report; titles: ReadonlyMap<string, string> }) {
  if (r.undetermined.failures === 0) {
    return null;
  }
  return (
    <Card>
      <Title3 as="h2">Cannot tell: {count(r.undetermined.failures)} failures</Title3>
      {(r.undetermined.groups ?? []).map((g, i) => (
        <section key={i}>
          <Text weight="semibold">
            {count(g.failures)} failures {g.when}
          </Text>
          <ul>
            {(g.rivals ?? []).map((x) => (
              <li key={x.cause}>
                perhaps {titles.get(x.cause)} <code>{x.cause}</code>
                {x.because && `; for it: ${x.because}`}
                {x.against && `; against it: ${x.against}`}
              </li>
            ))}
          </ul>
          <Facts of={[["To separate them", g.separate], ["Next", g.next]]} />
        </section>
      ))}
    </Card>
  );
}

type OneProps = { finding: Finding; number: number; report: Report; titles: ReadonlyMap<string, string>; gateway?: Gateway; begin?: (t: Trial) => void };

function One({ finding: f, number, report, titles, gateway, begin }: OneProps) {
  const where = [f.scope.pool && `pool ${f.scope.pool}`, f.scope.settings && `settings ${f.scope.settings}`, f.scope.member && `member ${f.scope.member}`,
    f.scope.path && `path ${f.scope.path}`, f.scope.instance && `instance ${f.scope.instance}`].filter(Boolean).join(", ");
  return (
    <Card role="group" aria-label={`${f.title} (${f.cause})`}>
      <Title3 as="h2">
        {number}. {f.title} <code>{f.cause}</code>
      </Title3>
      <div>
        <State of={f.confidence} text={`confidence: ${f.confidence}`} /> <Badge appearance="outline">{count(f.failures)} failures</Badge>{" "}
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
      {(report.drawings.findings?.[number - 1] ?? []).map((d) => (
        <Picture key={d.id} of={d} />
      ))}
      {f.fixes.length > 0 && <Text weight="semibold">What to do</Text>}
      {f.fixes.map((fix) => (
        <What
          key={fix.side + fix.change}
          fix={fix}
          {...(gateway && { gateway })}
          applied={(since, undo) => begin?.(trialOf(report, fix.change, since, undo))}
        />
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
              {r.test && `; to separate them: ${r.test}`}
            </li>
          ))}
        </ul>
        <Facts of={[["This would prove it wrong", f.disprovedBy]]} />
      </details>
    </Card>
  );
}

/** Others are the pictures that belong to no finding, what is worth knowing, and what is missing. */
function Others({ report: r }: { report: Report }) {
  return (
    <>
      {(r.drawings.matrix || (r.drawings.other ?? []).length > 0) && (
        <Card>
          <Title3 as="h2">Pictures</Title3>
          {r.drawings.matrix && <Failures of={r.drawings.matrix} />}
          {(r.drawings.other ?? []).map((d) => (
            <Picture key={d.id} of={d} />
          ))}
        </Card>
      )}
      {(r.notices ?? []).length > 0 && (
        <Card>
          <Title3 as="h2">Worth knowing, whether or not it has failed a request yet</Title3>
          <ul>
            {(r.notices ?? []).map((n, i) => (
              <li key={i}>
                {n.fact} <code>{n.cause}</code> {n.do}
              </li>
            ))}
          </ul>
        </Card>
      )}
      {(r.missing ?? []).length > 0 && (
        <Card>
          <Title3 as="h2">Missing evidence</Title3>
          <ul>
            {(r.missing ?? []).map((m) => (
              <li key={m.what}>
                {m.what}: {m.why}. {m.how}
              </li>
            ))}
          </ul>
        </Card>
      )}
    </>
  );
}

/** Keep lets the browser keep the report in each of its forms. */
function Keep({ gateway, since, until, evidence }: { gateway: Gateway; since: string; until: string; evidence: string }) {
  const [error, setError] = useState<Error>();
  const keep = (format: string, name: string) => {
    setError(undefined);
    const query = new URLSearchParams([...(evidence ? [] : windowOf(since, until)), ["format", format]]);
    download(`${sourceOf(gateway, evidence)}/diagnosis?${query}`, name).catch(setError);
  };
  return (
    <>
      <div style={{ display: "flex", gap: 8, flexWrap: "wrap", alignItems: "center" }}>
        <Text>Keep this report:</Text>
        <Button size="small" onClick={() => keep("html", "diagnosis.html")}>
          One page
        </Button>
        <Button size="small" onClick={() => keep("md", "diagnosis.md")}>
          Markdown
        </Button>
        <Button size="small" onClick={() => keep("json", "diagnosis.json")}>
          JSON
        </Button>
      </div>
      {error && <Failure error={error} />}
    </>
  );
}

const named = (r: Rival | string): Rival => (typeof r === "string" ? { cause: r } : r);
