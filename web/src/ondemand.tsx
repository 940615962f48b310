import { Button, Checkbox, Field, Input, Select, Text } from "@fluentui/react-components";
import { useMutation } from "@tanstack/react-query";
import { useState, type FormEvent } from "react";
import { post, type Gateway, type Ref, type Server } from "./api";
import { Failure, State, Table } from "./parts";
import { useMayChange } from "./session";

type Answer = { backendHealthHttpSettings?: { servers: Server[] } };

const empty = { protocol: "", host: "", path: "", timeout: "", pickHost: false, codes: "", body: "" };

/** OnDemand probes the members of a pool once, with Azure's fields; what is left empty is that of the settings. */
export function OnDemand({ gateway, pool, settings }: { gateway: Gateway; pool: Ref; settings: Ref }) {
  const may = useMayChange();
  const [fields, setFields] = useState(empty);
  const probe = useMutation({
    mutationFn: () => {
      const codes = fields.codes.split(/[\s,]+/).filter(Boolean);
      return post<Answer>(`${gateway.id}/getBackendHealthOnDemand`, {
        backendAddressPool: pool,
        backendHttpSettings: settings,
        ...(fields.protocol && { protocol: fields.protocol }),
        ...(fields.host && { host: fields.host }),
        ...(fields.path && { path: fields.path }),
        ...(fields.timeout && { timeout: Number(fields.timeout) }),
        ...(fields.pickHost && { pickHostNameFromBackendHttpSettings: true }),
        ...((codes.length > 0 || fields.body) && { match: { statusCodes: codes, ...(fields.body && { body: fields.body }) } }),
      });
    },
  });
  const submit = (e: FormEvent) => {
    e.preventDefault();
    probe.mutate();
  };
  const text = (name: "host" | "path" | "timeout" | "codes" | "body", label: string, hint?: string, type: "text" | "number" = "text") => (
    <Field label={label} {...(hint && { hint })}>
      <Input type={type} value={fields[name]} onChange={(_, d) => setFields({ ...fields, [name]: d.value })} />
    </Field>
  );
  return (
    <details>
      <summary>Probe now</summary>
      {!may && <Text>A probe on demand needs the role operator.</Text>}
      <form onSubmit={submit} style={{ display: "flex", flexWrap: "wrap", gap: 8, alignItems: "start" }}>
        <Field label="Protocol">
          <Select value={fields.protocol} onChange={(_, d) => setFields({ ...fields, protocol: d.value })}>
            <option value="">of the settings</option>
            <option>Http</option>
            <option>Https</option>
          </Select>
        </Field>
        {text("host", "Host")}
        {text("path", "Path", "such as /healthz")}
        {text("timeout", "Time-out (s)", undefined, "number")}
        {text("codes", "Status codes", "such as 200-399")}
        {text("body", "Body contains")}
        <Checkbox label="Pick host name from backend settings" checked={fields.pickHost} onChange={(_, d) => setFields({ ...fields, pickHost: d.checked === true })} />
        <Button type="submit" disabled={!may || probe.isPending}>
          {probe.isPending ? "Probing" : "Probe"}
        </Button>
      </form>
      <div aria-live="polite">
        {probe.error && <Failure error={probe.error} />}
        {probe.data && (
          <Table
            name="Answers to the probe"
            columns={["Server", "Status", "Details"]}
            none="The pool has no members."
            rows={(probe.data.backendHealthHttpSettings?.servers ?? []).map((s) => ({ key: s.address, cells: [s.address, <State of={s.health} />, s.healthProbeLog] }))}
          />
        )}
      </div>
    </details>
  );
}
