import { Card, MessageBar, MessageBarBody, MessageBarTitle, Text } from "@fluentui/react-components";
import type { Gateway } from "../api";
import { Page } from "../parts";

/** Firewall shows what the document says of the firewall, which is not served. */
export function Firewall({ gateway }: { gateway: Gateway }) {
  const { webApplicationFirewallConfiguration: own, firewallPolicy: policy, sku } = gateway.properties;
  return (
    <Page title="Web application firewall">
      <MessageBar intent="warning" layout="multiline">
        <MessageBarBody>
          <MessageBarTitle>Not served</MessageBarTitle>
          No request is inspected. A document that asks for the firewall is refused, unless <code>--allow-unserved waf</code> says that it may be served without.
        </MessageBarBody>
      </MessageBar>
      <Card>
        <Text>Tier: {sku.tier}</Text>
        {own === undefined && policy === undefined && <Text>The document asks for no firewall.</Text>}
        {own !== undefined && <pre>{JSON.stringify(own, null, 2)}</pre>}
        {policy !== undefined && <pre>{JSON.stringify(policy, null, 2)}</pre>}
      </Card>
    </Page>
  );
}
