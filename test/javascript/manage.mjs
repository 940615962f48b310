// Creates a gateway, reads its health, raises its capacity, lists it and deletes it. The environment has BASE, CLIENT_ID,
// CLIENT_SECRET, FRONT (port of the listener) and MEMBER (port of the member). NODE_EXTRA_CA_CERTS names the authority.
import assert from "node:assert/strict";
import { NetworkManagementClient } from "@azure/arm-network";
import { ClientSecretCredential } from "@azure/identity";

const { BASE, CLIENT_ID, CLIENT_SECRET, FRONT, MEMBER } = process.env;
const subscription = "11111111-2222-3333-4444-555555555555";
const credential = new ClientSecretCredential("adfs", CLIENT_ID, CLIENT_SECRET, {
  authorityHost: BASE,
  disableInstanceDiscovery: true,
});
const client = new NetworkManagementClient(credential, subscription, {
  endpoint: BASE,
  credentialScopes: [`${BASE}/arm/.default`],
});
const gateways = client.applicationGateways;

const id = `/subscriptions/${subscription}/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/gw1`;
const child = (collection, name) => ({ id: `${id}/${collection}/${name}` });
const gateway = {
  location: "westeurope",
  sku: { name: "Standard_v2", tier: "Standard_v2", capacity: 1 },
  frontendIPConfigurations: [{ name: "pub", publicIPAddress: { id: "/x/ip" } }],
  frontendPorts: [{ name: "p", port: Number(FRONT) }],
  backendAddressPools: [{ name: "web", backendAddresses: [{ ipAddress: "127.0.0.1" }] }],
  backendHttpSettingsCollection: [{ name: "http", port: Number(MEMBER), protocol: "Http", requestTimeout: 5 }],
  httpListeners: [
    {
      name: "l",
      frontendIPConfiguration: child("frontendIPConfigurations", "pub"),
      frontendPort: child("frontendPorts", "p"),
      protocol: "Http",
    },
  ],
  requestRoutingRules: [
    {
      name: "r",
      ruleType: "Basic",
      priority: 10,
      httpListener: child("httpListeners", "l"),
      backendAddressPool: child("backendAddressPools", "web"),
      backendHttpSettings: child("backendHttpSettingsCollection", "http"),
    },
  ],
};

const created = await gateways.beginCreateOrUpdateAndWait("rg", "gw1", gateway);
assert.equal(created.provisioningState, "Succeeded");
assert.equal((await fetch(`http://127.0.0.1:${FRONT}/`)).status, 200);

const health = await gateways.beginBackendHealthAndWait("rg", "gw1");
assert.equal(health.backendAddressPools[0].backendHttpSettingsCollection[0].servers[0].health, "Up");

created.sku.capacity = 2;
const raised = await gateways.beginCreateOrUpdateAndWait("rg", "gw1", created);
assert.equal(raised.sku.capacity, 2);

const broken = { ...gateway, requestRoutingRules: [{ ...gateway.requestRoutingRules[0], httpListener: child("httpListeners", "gone") }] };
await assert.rejects(gateways.beginCreateOrUpdateAndWait("rg", "gw1", broken), (error) => error.statusCode === 400 && error.code !== undefined);

let listed = 0;
for await (const g of gateways.listAll()) listed += g.name === "gw1" ? 1 : 0;
assert.equal(listed, 1);

await gateways.beginDeleteAndWait("rg", "gw1");
await assert.rejects(gateways.get("rg", "gw1"), (error) => error.statusCode === 404);
