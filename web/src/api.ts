// The management API, as a browser that is signed in asks it: the cookie says who asks, and the header that the portal does.

/** Problem is an answer that is an error: its code and message are those of the API. Status 0: there was no answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly details: { code: string; message: string; target?: string }[] = [],
  ) {
    super(message);
  }
}

const version = "api-version=2025-05-01";

/** key is that of the session: other tabs of this origin have it, and nobody else. */
export const key = {
  get: () => localStorage.getItem("causeway.key") ?? "none",
  set: (value: string) => localStorage.setItem("causeway.key", value),
};

/** request asks the API; path begins with a slash. Every failure is a Problem. */
export async function request<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}, signal?: AbortSignal): Promise<T> {
  const url = path.startsWith("/portal/") ? path : path + (path.includes("?") ? "&" : "?") + version;
  let answer: Response;
  try {
    answer = await fetch(url, {
      method,
      headers: { "X-Causeway-Portal": key.get(), "Content-Type": "application/json", ...headers },
      credentials: "same-origin",
      cache: "no-store",
      ...(signal && { signal }),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch {
    throw new Problem(0, "Unreachable", "The gateway does not answer. It may be restarting, or this browser may be offline; the page asks again.");
  }
  const text = await answer.text();
  const value = parsed(text);
  if (!answer.ok) {
    const error = (value as { error?: { code: string; message: string; details?: [] } } | undefined)?.error;
    throw new Problem(answer.status, error?.code ?? "Unknown", error?.message ?? `The gateway answered ${answer.status}.`, error?.details ?? []);
  }
  return value as T;
}

function parsed(text: string): unknown {
  try {
    return text === "" ? undefined : JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", path, undefined, {}, signal);
export const post = <T>(path: string, body?: unknown) => request<T>("POST", path, body);

/** Ref is how a resource names another. */
export type Ref = { id: string };

/** nameOf is the last part of an id. */
export const nameOf = (ref?: Ref) => ref?.id.split("/").at(-1) ?? "";

export type Child = { name: string; id: string; properties: Record<string, unknown> };

/** Gateway is the resource Microsoft.Network/applicationGateways, as far as pages name parts of it. */
export type Gateway = {
  id: string;
  name: string;
  location: string;
  etag: string;
  tags?: Record<string, string>;
  properties: {
    operationalState: string;
    provisioningState: string;
    sku: { name: string; tier: string; capacity?: number };
    autoscaleConfiguration?: { minCapacity: number; maxCapacity?: number };
    enableHttp2?: boolean;
  } & Record<string, unknown>;
};

/** Server is a member of a pool in the backend health. */
export type Server = {
  address: string;
  health: string;
  healthProbeLog?: string;
  causeway?: { reason?: string; transitions?: string[]; lastProbe?: string; instances?: Record<string, string> };
};

export type Health = {
  backendAddressPools: {
    backendAddressPool: Ref;
    backendHttpSettingsCollection: { backendHttpSettings: Ref; servers: Server[] }[];
  }[];
};

export type Instance = {
  id: string;
  pid: number;
  build: string;
  started: string;
  revision: number;
  connections: number;
  restarts: number;
  sizeName: string;
  size: { cpu: number; memory: number };
  cpuUsed: number;
  throttled: number;
  memoryUsed: number;
  problem?: string;
};

export type Status = {
  ready: boolean;
  name: string;
  revision: number;
  applied: string;
  started: string;
  version: string;
  stopped?: boolean;
  lagging?: string[];
  node?: string;
  want: number;
  instances: Instance[];
  unheld?: string;
};

export type Expected = { side: string; removes: [number, number]; basis: string; note: string };

export type Fix = { side: string; change: string; commands: Record<string, string>; expected: Expected };

export type Rival = { cause: string; test?: string; because?: string; against?: string };

export type Finding = {
  cause: string;
  title: string;
  scope: { pool?: string; settings?: string; member?: string; path?: string; instance?: string };
  failures: number;
  recovered: number;
  confidence: string;
  when?: string;
  mechanism: string;
  evidence: { source: string; fact: string; rows?: string[] }[];
  ruledOut: Rival[];
  rivals: (Rival | string)[];
  fixes: Fix[];
  disprovedBy: string;
};

export type Report = {
  headline: string;
  window: { from: string; to: string };
  requests: number;
  failures: number;
  recovered: number;
  findings: Finding[];
  steps: { step: string; result: string; detail: string }[];
  undetermined: { failures: number; next?: string; groups?: { failures: number; when?: string; separate?: string; next?: string; rivals?: Rival[] }[] };
  pictures?: { timeline?: { from: string; step: number; requests: number[]; causes: { cause: string; failures: number[] }[] } };
};

/** Explanation is what causeway explain says of one request; took is in seconds. */
export type Explanation = {
  id: string;
  at: string;
  request: string;
  client: string;
  instance?: string;
  listener?: string;
  rule?: string;
  pool?: string;
  settings?: string;
  status: number;
  took: number;
  errorInfo?: string;
  fault?: string;
  attempts: { member: string; server: string; connection: string; phases: { name: string; from: number; took: number }[] | null; status: number; outcome: string }[] | null;
  noted: string[] | null;
  cause?: string;
  title?: string;
  confidence?: string;
  why: string[] | null;
  rivals: Rival[] | null;
  separate?: string;
  next?: string;
  fixes: Fix[] | null;
  missing: string[] | null;
};

/** Several are the failed requests that began at the time that was asked for, in place of an Explanation. */
export type Several = { requests: { pick: string; client: string; request: string; status: number; member?: string }[]; more?: number };

/** Sizing is what causeway capacity computes; a limit of 0 is none. */
export type Sizing = {
  judgement: string;
  advice: { change: string; because: string; commands: Record<string, string> }[] | null;
  loads: { measure: string; source: string; peak: number; high: number; limit: number; unit: string }[];
  assumed: string[] | null;
};

export type Metric = {
  name: { value: string };
  unit: string;
  timeseries: { metadatavalues?: { name: { value: string }; value: string }[]; data: ({ timeStamp: string } & Record<string, number | string>)[] }[];
};

export type ActivityEvent = {
  eventTimestamp: string;
  operationName: { value: string; localizedValue?: string };
  status: { value: string };
  caller: string;
  resourceId: string;
  description?: string;
  properties?: Record<string, string>;
};
