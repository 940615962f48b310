import {
  Button,
  Card,
  Dialog,
  DialogActions,
  DialogBody,
  DialogContent,
  DialogSurface,
  DialogTitle,
  Field,
  MessageBar,
  MessageBarBody,
  Radio,
  RadioGroup,
  SpinButton,
  Switch,
  Text,
} from "@fluentui/react-components";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { get, type Gateway, type Sizing } from "../api";
import { inForce } from "../apply";
import { Apply, Commands } from "../fix";
import { useStatus } from "../gateway";
import { Answered, Facts, Failure, Page, Table, percent } from "../parts";
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

/** changesOf says in words what a change of the scale changes. */
function changesOf(was: Scale, now: Scale): [string, string, string][] {
  const size = (s: Scale) => (s.autoscale ? `autoscale ${s.least} to ${s.most}` : `${s.capacity} instances`);
  const rows: [string, string, string][] = [
    ["Capacity", size(was), size(now)],
    ["HTTP/2", was.http2 ? "on" : "off", now.http2 ? "on" : "off"],
  ];
  return rows.filter(([, a, b]) => a !== b);
}

/** Edit is a change that is being typed, of the gateway as it was when that began. */
type Edit = { of: Gateway; scale: Partial<Scale> };

export function Configuration({ gateway }: { gateway: Gateway }) {
  const mayChange = useMayChange();
  const cache = useQueryClient();
  const status = useStatus(gateway);
  const [edited, setEdited] = useState<Edit>();
  const [asking, setAsking] = useState(false);
  const base = edited?.of ?? gateway;
  const served = scaleOf(base);
  const scale = { ...served, ...edited?.scale };
  const changes = changesOf(served, scale);
  const apply = useMutation({
    mutationFn: () => inForce(withScale(base, scale)),
    onSuccess: () => {
      setEdited(undefined);
      return cache.invalidateQueries({ queryKey: ["gateway"] });
    },
    onSettled: () => setAsking(false),
  });
  const edit = (part: Partial<Scale>) => {
    apply.reset();
    setEdited({ of: base, scale: { ...edited?.scale, ...part } });
  };
  const discard = () => {
    apply.reset();
    setEdited(undefined);
  };
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
            <Count label="Minimum instance count" value={scale.least} disabled={!mayChange} set={(least) => edit({ least })} />
            <Count label="Maximum instance count" value={scale.most} disabled={!mayChange} set={(most) => edit({ most })} />
          </>
        ) : (
          <Count label="Instance count" value={scale.capacity} disabled={!mayChange} set={(capacity) => edit({ capacity })} />
        )}
        <Switch label="HTTP/2" checked={scale.http2} disabled={!mayChange} onChange={(_, d) => edit({ http2: d.checked })} />
        {apply.error && <Failure error={apply.error} />}
        {base.etag !== gateway.etag && (
          <MessageBar intent="warning" layout="multiline">
            <MessageBarBody>Somebody has changed the gateway since this change was begun, and saving would be refused. Discard, look, and make it again.</MessageBarBody>
          </MessageBar>
        )}
        {apply.isSuccess && changes.length === 0 && (
          <MessageBar intent="success">
            <MessageBarBody>The change is in force.</MessageBarBody>
          </MessageBar>
        )}
        <div style={{ display: "flex", gap: 8 }}>
          <Button appearance="primary" disabled={!mayChange || changes.length === 0 || base.etag !== gateway.etag} onClick={() => setAsking(true)}>
            Save
          </Button>
          <Button disabled={changes.length === 0} onClick={discard}>
            Discard
          </Button>
        </div>
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
      <Dialog open={asking} onOpenChange={(_, d) => setAsking(d.open)}>
        <DialogSurface>
          <DialogBody>
            <DialogTitle>Save this change?</DialogTitle>
            <DialogContent>
              <Facts of={changes.map(([name, was, now]) => [name, `${was} → ${now}`])} />
              <Text>It takes effect without cutting a connection. The activity log keeps it, and causeway config rollback takes it back.</Text>
            </DialogContent>
            <DialogActions>
              <Button appearance="primary" disabled={apply.isPending} onClick={() => apply.mutate()}>
                Save
              </Button>
              <Button onClick={() => setAsking(false)}>Cancel</Button>
            </DialogActions>
          </DialogBody>
        </DialogSurface>
      </Dialog>
    </Page>
  );
}

/** round shows three digits that count. */
const round = (n: number) => n.toLocaleString("en", { maximumSignificantDigits: 3 });

function Count({ label, value, disabled, set }: { label: string; value: number; disabled: boolean; set: (n: number) => void }) {
  return (
    <Field label={label}>
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
    </Field>
  );
}
