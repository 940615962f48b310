import { Button, Card, Field, Input, Select, Text } from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useNavigate, useSearchParams } from "react-router";
import type { Gateway } from "../api";
import { MetricChart, aggregationOf, pictureOf, textOf, useDefinitions, usePins, valuesOf, type Definition, type Picture } from "../metric";
import { Answered, Page, useParameter } from "../parts";
import { Range, useRange } from "../range";

/** usePictures are the charts that the URL names, with how to replace them. */
function usePictures(): [Picture[], (next: Picture[]) => void] {
  const [search, setSearch] = useSearchParams();
  const named = search.getAll("chart").map(pictureOf);
  const metric = search.get("metric"); // one chart, as older links name it
  const shown = named.length > 0 ? named : [{ metric: metric ?? "TotalRequests", aggregation: search.get("aggregation") ?? "", split: search.get("split") ?? "", dimension: "", value: "" }];
  const set = (next: Picture[]) =>
    setSearch(
      (old) => {
        const out = new URLSearchParams(old);
        ["chart", "metric", "aggregation", "split"].forEach((n) => out.delete(n));
        next.forEach((p) => out.append("chart", textOf(p)));
        return out;
      },
      { replace: true },
    );
  return [shown, set];
}

export function Metrics({ gateway }: { gateway: Gateway }) {
  const [range] = useRange();
  const [until] = useParameter("until", "");
  const [pictures, setPictures] = usePictures();
  const [window, setWindow] = useState<[string, string]>(["", ""]);
  const definitions = useDefinitions(gateway);
  const replaced = (i: number, ...by: Picture[]) => setPictures(pictures.toSpliced(i, 1, ...by));
  return (
    <Page title="Metrics" beside={<Range />}>
      <Window of={window} choose={setWindow} />
      <Answered query={definitions}>
        {(all) => {
          const first = all[0];
          return first === undefined ? (
            <Text>The gateway measures nothing yet.</Text>
          ) : (
            <>
              {pictures.map((p, i) => {
                const of = all.find((d) => d.name.value === p.metric) ?? first;
                return (
                  <Card key={i} role="group" aria-label={`Chart ${i + 1}`}>
                    <Builder gateway={gateway} all={all} of={of} picture={p} change={(next) => replaced(i, next)} />
                    <MetricChart gateway={gateway} of={of} picture={p} range={range} until={until} brushed={(from, to) => setWindow([iso(from), iso(to)])} />
                    <div style={{ display: "flex", gap: 8, flexWrap: "wrap" }}>
                      <Pin gateway={gateway} picture={p} />
                      <Button size="small" onClick={() => replaced(i, p, p)}>
                        Duplicate
                      </Button>
                      <Button size="small" disabled={pictures.length === 1} onClick={() => replaced(i)}>
                        Remove
                      </Button>
                    </div>
                  </Card>
                );
              })}
              <Button style={{ justifySelf: "start" }} onClick={() => setPictures([...pictures, { metric: first.name.value, aggregation: "", split: "", dimension: "", value: "" }])}>
                Add a chart
              </Button>
            </>
          );
        }}
      </Answered>
    </Page>
  );
}

/** Builder says what a chart shows. */
function Builder({ gateway, all, of, picture, change }: { gateway: Gateway; all: Definition[]; of: Definition; picture: Picture; change: (next: Picture) => void }) {
  const dimensions = (of.dimensions ?? []).map((d) => d.value);
  const values = useQuery({
    queryKey: [gateway.id, "values", of.name.value, picture.dimension],
    enabled: dimensions.includes(picture.dimension),
    queryFn: () => valuesOf(gateway, of.name.value, picture.dimension),
  });
  const options = [...new Set([...(values.data ?? []), ...(picture.value ? [picture.value] : [])])];
  return (
    <div style={{ display: "flex", flexWrap: "wrap", gap: 8 }}>
      <Choice label="Metric" value={of.name.value} choose={(metric) => change({ metric, aggregation: "", split: "", dimension: "", value: "" })}>
        {all.map((d) => (
          <option key={d.name.value} value={d.name.value}>
            {d.name.localizedValue}
          </option>
        ))}
      </Choice>
      <Choice label="Aggregation" value={aggregationOf(of, picture)} choose={(aggregation) => change({ ...picture, aggregation })}>
        {of.supportedAggregationTypes.map((a) => (
          <option key={a}>{a}</option>
        ))}
      </Choice>
      {dimensions.length > 0 && (
        <>
          <Choice label="Split by" value={picture.split} choose={(split) => change({ ...picture, split })}>
            <option value="">not split</option>
            {dimensions.map((d) => (
              <option key={d}>{d}</option>
            ))}
          </Choice>
          <Choice label="Filter by" value={picture.dimension} choose={(dimension) => change({ ...picture, dimension, value: "" })}>
            <option value="">no filter</option>
            {dimensions.map((d) => (
              <option key={d}>{d}</option>
            ))}
          </Choice>
        </>
      )}
      {picture.dimension && (
        <Choice label="Value" value={picture.value} choose={(value) => change({ ...picture, value })}>
          <option value="">any</option>
          {options.map((v) => (
            <option key={v}>{v}</option>
          ))}
        </Choice>
      )}
    </div>
  );
}

function Choice({ label, value, choose, children }: { label: string; value: string; choose: (v: string) => void; children: React.ReactNode }) {
  return (
    <Field label={label}>
      <Select value={value} onChange={(_, d) => choose(d.value)}>
        {children}
      </Select>
    </Field>
  );
}

function Pin({ gateway, picture }: { gateway: Gateway; picture: Picture }) {
  const [pins, setPins] = usePins(gateway);
  const text = textOf(picture);
  const pinned = pins.includes(text);
  return (
    <Button size="small" onClick={() => setPins(pinned ? pins.filter((p) => p !== text) : [...pins, text])}>
      {pinned ? "Unpin from Overview" : "Pin to Overview"}
    </Button>
  );
}

/** Window is a part of the time, dragged over a chart or typed: to look at it closer, or to diagnose it. */
function Window({ of: [from, to], choose }: { of: [string, string]; choose: (window: [string, string]) => void }) {
  const navigate = useNavigate();
  const [, setSearch] = useSearchParams();
  const [typed, setTyped] = useState([local(from), local(to)] as [string, string]);
  useEffect(() => setTyped([local(from), local(to)]), [from, to]);
  const type = (next: [string, string]) => {
    setTyped(next);
    if (valid(next)) {
      choose([utc(next[0]), utc(next[1])]);
    }
  };
  const ready = valid(typed);
  const zoom = () =>
    setSearch((old) => {
      const next = new URLSearchParams(old);
      next.set("range", from);
      next.set("until", to);
      return next;
    });
  return (
    <Card>
      <Text>Drag over a chart, or type two times, to choose a window.</Text>
      <div style={{ display: "flex", flexWrap: "wrap", gap: 8, alignItems: "end" }}>
        <Field label="From">
          <Input type="datetime-local" step={1} value={typed[0]} onChange={(_, d) => type([d.value, typed[1]])} />
        </Field>
        <Field label="To">
          <Input type="datetime-local" step={1} value={typed[1]} onChange={(_, d) => type([typed[0], d.value])} />
        </Field>
        <Button disabled={!ready} onClick={zoom}>
          Zoom in
        </Button>
        <Button appearance="primary" disabled={!ready} onClick={() => navigate(`/diagnose?${new URLSearchParams({ range: from, until: to })}`)}>
          Diagnose this window
        </Button>
      </div>
    </Card>
  );
}

const iso = (seconds: number) => new Date(Math.round(seconds) * 1000).toISOString().replace(".000", "");
const utc = (text: string) => iso(Date.parse(text) / 1000);
const valid = ([from, to]: [string, string]) => Date.parse(from) < Date.parse(to);

/** local is a time as a field of the browser has it, in its zone. */
function local(at: string): string {
  const t = new Date(at);
  return Number.isNaN(t.getTime()) ? "" : new Date(t.getTime() - t.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}
