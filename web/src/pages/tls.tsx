import { Card, Input, Select, Text, Title3 } from "@fluentui/react-components";
import { useMemo, useState } from "react";
import type { Gateway } from "../api";
import { Labelled, Save, problemAt, useValidation } from "../edit";
import { useMayChange } from "../session";
import { withValue, type Tree } from "../resource";
import { Certificates } from "./collections";

const predefined = ["AppGwSslPolicy20220101", "AppGwSslPolicy20220101S", "AppGwSslPolicy20170401S", "AppGwSslPolicy20170401", "AppGwSslPolicy20150501"];
const custom = ["Custom", "CustomV2"];

/** SSL has the policy of all listeners, and the certificates. */
export function SSL({ gateway }: { gateway: Gateway }) {
  return (
    <>
      <Certificates gateway={gateway} />
      <Policy gateway={gateway} />
    </>
  );
}

function Policy({ gateway }: { gateway: Gateway }) {
  const mayChange = useMayChange();
  const [base, setBase] = useState(gateway);
  const [edited, setEdited] = useState<Tree>();
  const [saved, setSaved] = useState(0);
  const current = edited ? base : gateway;
  const policy = edited ?? (current.properties["sslPolicy"] as Tree | undefined) ?? {};
  const next = useMemo(() => (edited ? { ...base, properties: withValue(base.properties, "sslPolicy", edited) as Gateway["properties"] } : undefined), [base, edited]);
  const validation = useValidation(next);
  const problems = edited ? validation.query.data?.problems : [];
  const set = (value: Tree) => {
    if (!edited) {
      setBase(gateway);
    }
    setEdited(value);
  };
  const type = String(policy["policyType"] ?? "");
  const reset = () => {
    setEdited(undefined);
    setSaved(saved + 1);
  };
  return (
    <Card style={{ marginTop: 16 }}>
      <Title3 as="h2">SSL policy</Title3>
      {type === "" && <Text>The document names none: the default of its generation counts.</Text>}
      <Labelled label="Type" problem={problemAt(problems, "properties.sslPolicy.policyType")}>
        <Select
          value={type}
          disabled={!mayChange}
          onChange={(_, d) => set(d.value === "Predefined" ? { policyType: d.value, policyName: predefined[0] } : d.value ? { policyType: d.value, minProtocolVersion: "TLSv1_2" } : {})}
        >
          <option value="">default</option>
          <option>Predefined</option>
          {custom.map((c) => (
            <option key={c}>{c}</option>
          ))}
        </Select>
      </Labelled>
      {type === "Predefined" && (
        <Labelled label="Policy" problem={problemAt(problems, "properties.sslPolicy.policyName")}>
          <Select value={String(policy["policyName"] ?? "")} disabled={!mayChange} onChange={(_, d) => set({ ...policy, policyName: d.value })}>
            {predefined.map((p) => (
              <option key={p}>{p}</option>
            ))}
          </Select>
        </Labelled>
      )}
      {custom.includes(type) && (
        <>
          <Labelled label="Minimum protocol version" problem={problemAt(problems, "properties.sslPolicy.minProtocolVersion")}>
            <Select value={String(policy["minProtocolVersion"] ?? "")} disabled={!mayChange} onChange={(_, d) => set({ ...policy, minProtocolVersion: d.value })}>
              {["TLSv1_2", "TLSv1_3"].map((v) => (
                <option key={v}>{v}</option>
              ))}
            </Select>
          </Labelled>
          <Labelled label="Cipher suites, with commas" problem={problemAt(problems, "properties.sslPolicy.cipherSuites")}>
            <Input
              value={((policy["cipherSuites"] as string[] | undefined) ?? []).join(", ")}
              disabled={!mayChange}
              onChange={(_, d) => set({ ...policy, cipherSuites: d.value.split(/[,\s]+/).filter(Boolean) })}
            />
          </Labelled>
        </>
      )}
      {edited && <Save key={saved} base={base} gateway={gateway} next={next} rebase={() => setBase(gateway)} saved={reset} leave={reset} validation={validation} />}
    </Card>
  );
}
