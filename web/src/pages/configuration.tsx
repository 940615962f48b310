import {
  Card,
  Field,
  MessageBar,
  MessageBarBody,
  Radio,
  RadioGroup,
  SpinButton,
  Switch,
  Text,
} from "@fluentui/react-components";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { get, type Found, type Gateway, type Sizing } from "../api";
import { Labelled, Save, problemAt, useValidation } from "../edit";
import { Apply, Commands } from "../fix";
import { useStatus } from "../gateway";
import { Answered, Facts, Page, Table, percent } from "../parts";
import { useMayChange } from "../session";

/** Scale is what this page changes. */
type Scale = { autoscale: boolean; capacity: number; least: number; most: number; http2: boolean };

function scaleOf(g: Gateway): Scale {
  const { sku, autoscaleConfiguration: auto, enableHttp2 } = g.properties;
  return { autoscale: auto !== undefined, capacity: sku.capacity ?? 1, least: auto?.minCapacity ?? 0, most: auto?.maxCapacity ?? 10, http2: enableHttp2 ?? false };
}

/** withScale is a gateway with another scale, as a PUT takes it. */
function withScale(g: Gateway, s: Scale): Gateway {
  const { autoscaleConfiguration: _, ...rest } = g.properties;
  const { capacity: __, ...sku } = g.properties.sku;
  return {
    ...g,
    properties: {
      ...rest,
      enableHttp2: s.http2,
      ...(s.autoscale
        ? { sku, autoscaleConfiguration: { minCapacity: s.least, maxCapacity: s.most } }
        : { sku: { ...sku, capacity: s.capacity } }),
    },
  };
}

/** Edit is a change that is being typed, of the gateway as it was when that began. */
type Edit = { of: Gateway; scale: Partial<Scale> };

export function Configuration({ gateway }: { gateway: Gateway }) {
  const mayChange = useMayChange();
  const status = useStatus(gateway);
  const [edited, setEdited] = useState<Edit>();
  const [saved, setSaved] = useState(0); // how often
  const base = edited?.of ?? gateway;
  const scale = { ...scaleOf(base), ...edited?.scale };
  const text = edited && JSON.stringify(withScale(base, scale));
  const next = useMemo(() => (text ? (JSON.parse(text) as Gateway) : undefined), [text]);
  const validation = useValidation(next);
  const problems = edited ? validation.query.data?.problems : [];
  const edit = (part: Partial<Scale>) => setEdited({ of: base, scale: { ...edited?.scale, ...part } });
  const capacity = useQuery({
    queryKey: [gateway.id, "capacity"],
    refetchInterval: 60_000,
    retry: false,
    queryFn: ({ signal }) => get<Sizing>(`${gateway.id}/providers/Causeway/capacity`, signal),
  });
  return (
    <Page title="Configuration">
      <Card>
        <Facts of={[["Tier", gateway.properties.sku.name], ["Instances now", status.data ? `${status.data.instances.length} of ${status.data.want}, at ${status.data.instances.map((i) => percent(i.cpuUsed)).join(", ")} of their CPU` : ""]]} />
        {!mayChange && (
          <MessageBar intent="info">
            <MessageBarBody>Your role, reader, may look and change nothing.</MessageBarBody>
          </MessageBar>
        )}
        <Field label="Capacity type">
          <RadioGroup layout="horizontal" value={scale.autoscale ? "auto" : "manual"} disabled={!mayChange || !gateway.properties.sku.name.endsWith("_v2")} onChange={(_, d) => edit({ autoscale: d.value === "auto" })}>
            <Radio value="auto" label="Autoscale" />
            <Radio value="manual" label="Manual" />
          </RadioGroup>
        </Field>
        {scale.autoscale ? (
          <>
            <Count label="Minimum instance count" value={scale.least} disabled={!mayChange} problem={problemAt(problems, "properties.autoscaleConfiguration.minCapacity")} set={(least) => edit({ least })} />
            <Count label="Maximum instance count" value={scale.most} disabled={!mayChange} problem={problemAt(problems, "properties.autoscaleConfiguration.maxCapacity")} set={(most) => edit({ most })} />
          </>
        ) : (
          <Count label="Instance count" value={scale.capacity} disabled={!mayChange} problem={problemAt(problems, "properties.sku.capacity")} set={(capacity) => edit({ capacity })} />
        )}
        <Labelled hint="Kept and not served yet: clients get HTTP/1.1." problem={problemAt(problems, "properties.enableHttp2")}>
          <Switch label="HTTP/2" checked={scale.http2} disabled={!mayChange} onChange={(_, d) => edit({ http2: d.checked })} />
        </Labelled>
        {saved > 0 && !edited && (
          <MessageBar intent="success">
            <MessageBarBody>The change is in force.</MessageBarBody>
          </MessageBar>
        )}
        {mayChange && (
          <Save
            key={saved}
            base={base}
            gateway={gateway}
            next={next}
            rebase={() => setEdited({ of: gateway, scale: edited?.scale ?? {} })}
            saved={() => {
              setEdited(undefined);
              setSaved(saved + 1);
            }}
            leave={() => setEdited(undefined)}
            validation={validation}
            here={(p) => shownHere.some((path) => problemAt([p], path))}
          />
        )}
      </Card>
      <Card>
        <Text weight="semibold">What the load needs</Text>
        <Answered query={capacity}>
          {(c) => (
            <>
              <Text>{c.judgement}</Text>
              {(c.advice ?? []).map((a) => (
                <section key={a.change}>
                  <Text>
                    Advice: {a.change}, because {a.because}
                  </Text>
                  <Commands of={a.commands} />
                  {a.set && <Apply gateway={gateway} set={a.set} why={`${a.change}, because ${a.because}`} label="Apply this advice" applied={undefined} />}
                </section>
              ))}
              <Table
                name="Loads"
                columns={["Load", "From", "Peak", "95 of 100", "Limit", "Unit"]}
                none="There is no load to judge yet."
                rows={c.loads.map((l) => ({ key: l.measure + l.source, cells: [l.measure, l.source, round(l.peak), round(l.high), l.limit > 0 ? round(l.limit) : "none", l.unit] }))}
              />
              <ul>
                {(c.assumed ?? []).map((text) => (
                  <li key={text}>
                    <Text size={200}>{text}</Text>
                  </li>
                ))}
              </ul>
            </>
          )}
        </Answered>
      </Card>
    </Page>
  );
}

/** round shows three digits that count. */
const round = (n: number) => n.toLocaleString("en", { maximumSignificantDigits: 3 });

/** shownHere are the properties beside which this page shows what is wrong with them. */
const shownHere = ["properties.sku.capacity", "properties.autoscaleConfiguration.minCapacity", "properties.autoscaleConfiguration.maxCapacity", "properties.enableHttp2"];

type CountProps = { label: string; value: number; disabled: boolean; problem: Found | undefined; set: (n: number) => void };

function Count({ label, value, disabled, problem, set }: CountProps) {
  return (
    <Labelled label={label} problem={problem}>
      <SpinButton
        value={value}
        min={0}
        max={125}
        disabled={disabled}
        onChange={(_, d) => {
          const n = d.value ?? Number(d.displayValue || NaN);
          if (Number.isInteger(n)) {
            set(Math.min(125, Math.max(0, n)));
          }
        }}
      />
    </Labelled>
  );
}
