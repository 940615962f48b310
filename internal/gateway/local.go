package gateway

import (
	"strings"
	"time"
)

// Local is causeway.yaml: what Azure's resource has no place for. The zero value is not the default; use DefaultLocal.
type Local struct {
	Certificates       map[string]KeyPair // name of an sslCertificate → files
	Members            map[string]string  // address or NIC id of a member → host:port or host to dial instead
	ConnectTimeout     time.Duration      // connectTimeout, 5s
	BackendIdleTimeout time.Duration      // backendIdleTimeout, 60s
	KeepAliveHint      string             // keepAliveHint: honour (default) or ignore
	Engine             string             // engine: epoll or goroutines; empty: the best of this system
	PassiveEjection    bool               // passiveEjection, on: members that fail requests are held back for a while
	Limits             string             // limits: azure (default) or none; none: more children than Azure allows are a warning
	AllowUnserved      []string           // allowUnserved: protections that the document may ask for in vain
	Store              LocalStore         // store: an etcd that somebody else runs; without endpoints the gateway has its own
	Sizes              Sizes              // sizes: budgets of the instances, by size
	Autoscale          LocalAutoscale
	Logs               Logs
}

// LocalAutoscale says what the autoscaler counts beyond processor time and connections.
type LocalAutoscale struct {
	Throughput bool // autoscale.throughput, off: 22.2 Mbit/s fill an instance, as on Azure
}

// LocalStore says how to reach an etcd that somebody else runs. The zero value is none.
type LocalStore struct {
	Endpoints []string // store.endpoints: https://HOST:PORT
	CA        string   // store.ca: file with the certificates that sign the servers'; empty: those of the system
	Cert, Key string   // store.cert, store.key: files of the client certificate
	Prefix    string   // store.prefix: of all keys, /causeway
	Node      string   // store.node: name of this machine, unique among those that share the store; empty: its host name
}

// KeyPair names the files of a certificate: either PFX (with an optional password) or PEM certificate and key.
type KeyPair struct {
	PFX      string
	Password string
	Cert     string
	Key      string
}

// Logs bounds what the access log keeps.
type Logs struct {
	Days    int   // logs.days, 30
	Bytes   int64 // logs.bytes, 10 GiB
	Queries bool  // logs.queries, true: query strings are kept
}

// DefaultLocal is causeway.yaml when there is none.
func DefaultLocal() Local {
	return Local{
		ConnectTimeout:     5 * time.Second,
		BackendIdleTimeout: 60 * time.Second,
		KeepAliveHint:      "honour",
		Limits:             "azure",
		PassiveEjection:    true,
		Sizes:              DefaultSizes(),
		Logs:               Logs{Days: 30, Bytes: 10 << 30, Queries: true},
	}
}

// KeyPair finds the files of a certificate by its name in the document, in any case.
func (l Local) KeyPair(certificate string) (KeyPair, bool) {
	for name, pair := range l.Certificates {
		if strings.EqualFold(name, certificate) {
			return pair, true
		}
	}
	return KeyPair{}, false
}

// Dial is where to reach a member instead of at its own address; empty when causeway.yaml does not say.
func (l Local) Dial(member Address) string {
	for name, dial := range l.Members {
		if strings.EqualFold(name, member.String()) {
			return dial
		}
	}
	return ""
}
