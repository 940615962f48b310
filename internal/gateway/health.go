package gateway

// Health is the backend-health document, as Azure's backendhealth operation returns it, with what Causeway knows beside.
type Health struct {
	Pools []PoolHealth `json:"backendAddressPools"`

	Unserved []Unserved `json:"causewayUnserved,omitempty"` // protections that the gateway's document asks for and that it does not give

	Missing []string `json:"causewayMissingNodes,omitempty"` // nodes of the cluster whose instances are not included
}

// PoolHealth is the health of a pool under each of the settings that use it.
type PoolHealth struct {
	Pool     Ref              `json:"backendAddressPool"`
	Settings []SettingsHealth `json:"backendHttpSettingsCollection"`
}

// SettingsHealth is the health of each server of a pool under one backend settings object.
type SettingsHealth struct {
	Settings Ref            `json:"backendHttpSettings"`
	Servers  []ServerHealth `json:"servers"`
}

// ServerHealth is the state of one member. Health is Up, Down, Unknown, Partial or Draining; Partial: instances of the gateway disagree.
type ServerHealth struct {
	Address  string          `json:"address"`
	Health   string          `json:"health"`
	Detail   string          `json:"healthProbeLog"`
	Causeway *HealthEvidence `json:"causeway,omitempty"`
}

// HealthEvidence is what a running Causeway knows about a member and Azure does not say.
type HealthEvidence struct {
	Reason      string   `json:"reason"`                // probe_timeout, tcp_connect, status_mismatch, …; empty when healthy
	Dial        string   `json:"dial,omitempty"`        // host:port that is dialled
	Since       string   `json:"since,omitempty"`       // RFC 3339: when the state began
	LastProbe   string   `json:"lastProbe,omitempty"`   // RFC 3339
	Unjudged    string   `json:"unjudged,omitempty"`    // RFC 3339: since when no probe could be judged; empty: the last one was
	Failures    int      `json:"failures,omitempty"`    // consecutive
	IdleHint    float64  `json:"idleHint,omitempty"`    // seconds: idle limit that the server announces (Keep-Alive: timeout)
	Received    int      `json:"received,omitempty"`    // status of the last probe
	HeldUntil   string   `json:"heldUntil,omitempty"`   // RFC 3339: no request is sent there before (passiveEjection)
	Ejections   int      `json:"ejections,omitempty"`   // times that passiveEjection held the member back
	Transitions []string `json:"transitions,omitempty"` // "RFC3339 Up" or "RFC3339 Down reason code", newest last, at most 64

	Instances []InstanceHealth `json:"instances,omitempty"` // each instance's own view, by name; empty: there is one
}

// InstanceHealth is what one instance of the gateway knows about a member: every instance probes for itself.
type InstanceHealth struct {
	Instance       string `json:"instance"` // instanceId, as the access log writes it
	Health         string `json:"health"`   // Up, Down, Unknown or Draining
	Detail         string `json:"healthProbeLog,omitempty"`
	HealthEvidence        // without Instances
}

// Ref is a reference to a child of the gateway by resource id.
type Ref struct {
	ID string `json:"id"`
}
