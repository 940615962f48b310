import { Card, Text, Title3, tokens } from "@fluentui/react-components";
import type { Gateway } from "../api";
import { nameOf } from "../api";
import { useHealth } from "../gateway";
import { Answered, Page, State, Table } from "../parts";

export function BackendHealth({ gateway }: { gateway: Gateway }) {
  const health = useHealth(gateway);
  return (
    <Page title="Backend health">
      <Answered query={health}>
        {(h) =>
          h.backendAddressPools.length === 0 ? (
            <Text>The gateway has no backend pool, so there is nothing to probe.</Text>
          ) : (
            h.backendAddressPools.map((pool) => (
              <Card key={pool.backendAddressPool.id}>
                <Title3 as="h2">{nameOf(pool.backendAddressPool)}</Title3>
                {pool.backendHttpSettingsCollection.map((settings) => (
                  <section key={settings.backendHttpSettings.id}>
                    <Text weight="semibold">{nameOf(settings.backendHttpSettings)}</Text>
                    <Table
                      name={`Members of ${nameOf(pool.backendAddressPool)} under ${nameOf(settings.backendHttpSettings)}`}
                      columns={["Server", "Status", "Details"]}
                      none="The pool has no members: every request to it fails with 502."
                      rows={settings.servers.map((s) => ({
                        key: s.address,
                        cells: [
                          s.address,
                          <State of={s.health} />,
                          <>
                            {s.healthProbeLog}
                            <Changes of={s.causeway?.transitions ?? []} />
                          </>,
                        ],
                      }))}
                    />
                  </section>
                ))}
              </Card>
            ))
          )
        }
      </Answered>
    </Page>
  );
}

/** Changes are the last changes of a member's health. */
function Changes({ of }: { of: string[] }) {
  if (of.length === 0) {
    return null;
  }
  return (
    <details style={{ color: tokens.colorNeutralForeground2 }}>
      <summary>
        {of.length} {of.length === 1 ? "change" : "changes"}
      </summary>
      <ul>
        {of.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </details>
  );
}
