// The collections of a gateway, each with the fields that Azure's portal has for it. A field's path is that of its property.

export type FieldOf = {
  path: string;
  label: string;
  hint?: string;
  /** column: the list shows it, too. */
  column?: boolean;
  /** when: it is shown only beside such a value of another property; one that is not set counts as false. */
  when?: { path: string; is: string | boolean };
  /** only: the generation that has it. */
  only?: "v1" | "v2";
} & (
  | { kind: "text" }
  | { kind: "number"; unit?: string; otherwise?: number }
  | { kind: "switch"; otherwise?: boolean }
  | { kind: "choice"; options: string[]; otherwise?: string }
  | { kind: "ref"; to: string }
  | { kind: "refs"; to: string }
  | { kind: "lines" }
  | { kind: "addresses" }
  | { kind: "file" }
  | { kind: "secret" }
  | { kind: "json" }
);

export type Collection = {
  /** of is its name in the document. */
  of: string;
  one: string;
  many: string;
  /** last: nothing refers to its members. */
  last?: true;
  only?: "v1" | "v2";
  fields: FieldOf[];
  /** unserved says why what is here does nothing yet. */
  unserved?: string;
};

const protocol: FieldOf = { path: "protocol", label: "Protocol", kind: "choice", options: ["Http", "Https"], column: true };

export const pools: Collection = {
  of: "backendAddressPools", one: "backend pool", many: "Backend pools",
  fields: [{ path: "backendAddresses", label: "Backend targets", kind: "addresses", column: true, hint: "One IP address or host name a line. A pool without targets answers 502." }],
};

export const settings: Collection = {
  of: "backendHttpSettingsCollection", one: "backend setting", many: "Backend settings",
  fields: [
    { ...protocol, label: "Backend protocol" },
    { path: "port", label: "Backend port", kind: "number", column: true },
    { path: "requestTimeout", label: "Request time-out", kind: "number", unit: "s", otherwise: 20, column: true, hint: "A request without a response for so long gets 504 (502 on v1). Diagnose shows how the responses lie to it." },
    { path: "cookieBasedAffinity", label: "Cookie-based affinity", kind: "choice", options: ["Disabled", "Enabled"], otherwise: "Disabled", hint: "Kept and not served yet: requests go round robin." },
    { path: "affinityCookieName", label: "Affinity cookie name", kind: "text", when: { path: "cookieBasedAffinity", is: "Enabled" } },
    { path: "connectionDraining.enabled", label: "Connection draining", kind: "switch", hint: "Kept and not served yet: requests of a member that goes run to their end, without a limit." },
    { path: "connectionDraining.drainTimeoutInSec", label: "Drain time-out", kind: "number", unit: "s", otherwise: 30, when: { path: "connectionDraining.enabled", is: true } },
    { path: "path", label: "Override backend path", kind: "text" },
    { path: "pickHostNameFromBackendAddress", label: "Pick host name from backend target", kind: "switch" },
    { path: "hostName", label: "Override with specific host name", kind: "text", column: true, when: { path: "pickHostNameFromBackendAddress", is: false }, hint: "Without it members see the client's own host name, which keeps cookies and redirects right." },
    { path: "probe", label: "Custom probe", kind: "ref", to: "probes", column: true },
    { path: "trustedRootCertificates", label: "Trusted root certificates", kind: "refs", to: "trustedRootCertificates", when: { path: "protocol", is: "Https" }, only: "v2", hint: "One name a line. Without any, the roots of this machine count." },
    { path: "authenticationCertificates", label: "Authentication certificates", kind: "refs", to: "authenticationCertificates", when: { path: "protocol", is: "Https" }, only: "v1" },
    { path: "validateCertChainAndExpiry", label: "Validate chain and expiry of members' certificates", kind: "switch", otherwise: true, when: { path: "protocol", is: "Https" }, only: "v2" },
    { path: "validateSNI", label: "Validate the name in members' certificates", kind: "switch", otherwise: true, when: { path: "protocol", is: "Https" }, only: "v2" },
    { path: "sniName", label: "Server name for TLS", kind: "text", when: { path: "protocol", is: "Https" }, only: "v2", hint: "Without it: the host name that members see." },
    { path: "dedicatedBackendConnection", label: "Dedicated backend connection", kind: "switch", only: "v2", hint: "Each client connection has its own to a member, as NTLM needs. It costs a handshake each." },
  ],
};

export const probes: Collection = {
  of: "probes", one: "health probe", many: "Health probes",
  fields: [
    protocol,
    { path: "pickHostNameFromBackendHttpSettings", label: "Pick host name from backend settings", kind: "switch" },
    { path: "host", label: "Host", kind: "text", when: { path: "pickHostNameFromBackendHttpSettings", is: false }, column: true },
    { path: "port", label: "Port", kind: "number", only: "v2", hint: "Without it: that of the backend settings." },
    { path: "path", label: "Path", kind: "text", column: true },
    { path: "interval", label: "Interval", kind: "number", unit: "s", otherwise: 30, column: true },
    { path: "timeout", label: "Time-out", kind: "number", unit: "s", otherwise: 30, column: true },
    { path: "unhealthyThreshold", label: "Unhealthy threshold", kind: "number", otherwise: 3, column: true, hint: "So many failed probes in a row take a member out: that many intervals pass meanwhile." },
    { path: "match.statusCodes", label: "HTTP response status code match", kind: "lines", hint: "One code or range a line, such as 200-399." },
    { path: "match.body", label: "HTTP response body match", kind: "text" },
    { path: "minServers", label: "Minimum servers", kind: "number", hint: "So many members stay in, whatever their probes say." },
  ],
};

export const frontends: Collection = {
  of: "frontendIPConfigurations", one: "frontend IP configuration", many: "Frontend IP configurations",
  fields: [
    { path: "publicIPAddress", label: "Public IP address", kind: "json", column: true },
    { path: "privateIPAddress", label: "Private IP address", kind: "text", column: true },
    { path: "privateIPAllocationMethod", label: "Assignment", kind: "choice", options: ["Dynamic", "Static"], otherwise: "Dynamic" },
  ],
};

export const ports: Collection = {
  of: "frontendPorts", one: "frontend port", many: "Frontend ports", fields: [{ path: "port", label: "Port", kind: "number", column: true }],
};

export const listeners: Collection = {
  of: "httpListeners", one: "listener", many: "Listeners",
  fields: [
    { path: "frontendIPConfiguration", label: "Frontend IP", kind: "ref", to: frontends.of, column: true },
    { path: "frontendPort", label: "Port", kind: "ref", to: ports.of, column: true },
    protocol,
    { path: "sslCertificate", label: "Certificate", kind: "ref", to: "sslCertificates", when: { path: "protocol", is: "Https" } },
    { path: "sslProfile", label: "SSL profile", kind: "ref", to: "sslProfiles", when: { path: "protocol", is: "Https" } },
    { path: "hostName", label: "Host name", kind: "text", column: true, hint: "Without one this is a basic listener: it takes every host that no other listener has." },
    { path: "hostNames", label: "Several host names", kind: "lines", column: true, hint: "One a line, * and ? allowed; in place of the host name." },
    { path: "requireServerNameIndication", label: "Require server name indication", kind: "switch", when: { path: "protocol", is: "Https" } },
    { path: "customErrorConfigurations", label: "Error pages", kind: "json", hint: "Kept and not served yet: clients get the gateway's own page." },
  ],
};

export const rules: Collection = {
  of: "requestRoutingRules", one: "rule", many: "Rules", last: true,
  fields: [
    { path: "ruleType", label: "Type", kind: "choice", options: ["Basic", "PathBasedRouting"], column: true },
    { path: "priority", label: "Priority", kind: "number", column: true, hint: "1 is asked first." },
    { path: "httpListener", label: "Listener", kind: "ref", to: listeners.of, column: true },
    { path: "backendAddressPool", label: "Backend target", kind: "ref", to: pools.of, when: { path: "ruleType", is: "Basic" }, column: true },
    { path: "backendHttpSettings", label: "Backend settings", kind: "ref", to: settings.of, when: { path: "ruleType", is: "Basic" }, column: true },
    { path: "redirectConfiguration", label: "Redirection", kind: "ref", to: "redirectConfigurations", when: { path: "ruleType", is: "Basic" }, column: true, hint: "In place of a backend target." },
    { path: "urlPathMap", label: "Path map", kind: "ref", to: "urlPathMaps", when: { path: "ruleType", is: "PathBasedRouting" }, column: true },
    { path: "rewriteRuleSet", label: "Rewrite set", kind: "ref", to: "rewriteRuleSets", hint: "Kept and not served yet." },
  ],
};

export const pathMaps: Collection = {
  of: "urlPathMaps", one: "path map", many: "Path maps",
  fields: [
    { path: "defaultBackendAddressPool", label: "Default backend target", kind: "ref", to: pools.of, column: true },
    { path: "defaultBackendHttpSettings", label: "Default backend settings", kind: "ref", to: settings.of, column: true },
    { path: "defaultRedirectConfiguration", label: "Default redirection", kind: "ref", to: "redirectConfigurations" },
    { path: "pathRules", label: "Path rules", kind: "json", column: true, hint: "Each with a name, and properties: paths, backendAddressPool and backendHttpSettings, or redirectConfiguration." },
  ],
};

export const redirects: Collection = {
  of: "redirectConfigurations", one: "redirection", many: "Redirections",
  fields: [
    { path: "redirectType", label: "Type", kind: "choice", options: ["Permanent", "Found", "SeeOther", "Temporary"], column: true },
    { path: "targetListener", label: "Target listener", kind: "ref", to: listeners.of, column: true },
    { path: "targetUrl", label: "Target URL", kind: "text", column: true },
    { path: "includePath", label: "Include path", kind: "switch" },
    { path: "includeQueryString", label: "Include query string", kind: "switch" },
  ],
};

export const rewrites: Collection = {
  of: "rewriteRuleSets", one: "rewrite set", many: "Rewrite sets",
  unserved: "Rewrites are kept in the document and not served yet: requests and responses pass as they are.",
  fields: [{ path: "rewriteRules", label: "Rules", kind: "json" }],
};

export const certificates: Collection = {
  of: "sslCertificates", one: "certificate", many: "Listener certificates",
  fields: [
    { path: "data", label: "PFX file", kind: "file", hint: "What is there stays unless you choose another file. It cannot be read back." },
    { path: "password", label: "Password of the file", kind: "secret" },
    { path: "keyVaultSecretId", label: "Key vault secret", kind: "text", hint: "Kept and not served yet: upload the file, or name files in causeway.yaml." },
  ],
};

export const roots: Collection = {
  of: "trustedRootCertificates", one: "trusted root", many: "Trusted root certificates of members", only: "v2",
  fields: [{ path: "data", label: "Certificate, Base64 or a file", kind: "file" }],
};

export const leaves: Collection = {
  of: "authenticationCertificates", one: "authentication certificate", many: "Authentication certificates of members", only: "v1",
  fields: [{ path: "data", label: "Certificate, a file", kind: "file" }],
};

export const clientRoots: Collection = {
  of: "trustedClientCertificates", one: "trusted client certificate", many: "Trusted client certificates", only: "v2",
  fields: [{ path: "data", label: "Certificate, a file", kind: "file" }],
  unserved: "Client certificates are not served yet: no client is asked for one.",
};

export const profiles: Collection = {
  of: "sslProfiles", one: "SSL profile", many: "SSL profiles", only: "v2",
  fields: [
    { path: "sslPolicy", label: "SSL policy", kind: "json" },
    { path: "clientAuthConfiguration", label: "Client authentication", kind: "json", hint: "Not served yet: no client is asked for a certificate." },
    { path: "trustedClientCertificates", label: "Trusted client certificates", kind: "refs", to: "trustedClientCertificates", hint: "One name a line. Not served yet: a listener that asks for them is refused." },
  ],
};

/** places are the pages on which collections are edited. */
export const places: { path: string; name: string; collections: Collection[] }[] = [
  { path: "pools", name: "Backend pools", collections: [pools] },
  { path: "settings", name: "Backend settings", collections: [settings] },
  { path: "frontends", name: "Frontend IP configurations", collections: [frontends, ports] },
  { path: "tls", name: "SSL settings", collections: [certificates, roots, leaves, profiles, clientRoots] },
  { path: "listeners", name: "Listeners", collections: [listeners] },
  { path: "rules", name: "Rules", collections: [rules, pathMaps, redirects] },
  { path: "rewrites", name: "Rewrites", collections: [rewrites] },
  { path: "probes", name: "Health probes", collections: [probes] },
];

/** isOf reports whether a generation has a collection or a field. */
export const isOf = (x: { only?: "v1" | "v2" }, sku: string) => !x.only || x.only === (sku.endsWith("_v2") || sku === "Basic" ? "v2" : "v1");

/** a puts the article before a noun. */
export const a = (noun: string) => (/^[aeiou]|^SSL/i.test(noun) ? "an " : "a ") + noun;

/** placeOf is the address of the page that shows a member of a collection, with its editor open. */
export function placeOf(collection: string, name: string): string {
  const place = places.find((p) => p.collections.some((c) => c.of === collection));
  return place ? `/${place.path}?${new URLSearchParams({ edit: `${collection}/${name}` })}` : "/configuration";
}
