// Package gateway is an Azure Application Gateway as the rest of Causeway reads it: plain structs with defaults applied and
// references reduced to names, the health of its members, and the problems of its document.
package gateway

import "strings"

// Config is what a document says, with defaults applied and references reduced to names. It is read-only once made.
//
// Comments give the property of the resource, its range and its default; sections are those of the Azure reference.
type Config struct {
	ID       string // resource id; empty in a document that never was in Azure
	Name     string
	Location string
	Tags     map[string]string

	SKU       SKU
	Autoscale *Autoscale // autoscaleConfiguration

	FrontendIPs   []FrontendIP   // frontendIPConfigurations
	FrontendPorts []FrontendPort // frontendPorts

	SSLCertificates            []SSLCertificate    // sslCertificates
	AuthenticationCertificates []PublicCertificate // authenticationCertificates, v1: backend leaves that are trusted
	TrustedRootCertificates    []PublicCertificate // trustedRootCertificates, v2: roots that are trusted for backends
	TrustedClientCertificates  []PublicCertificate // trustedClientCertificates
	SSLProfiles                []SSLProfile        // sslProfiles
	SSLPolicy                  SSLPolicy           // sslPolicy

	Probes       []Probe       // probes
	Pools        []Pool        // backendAddressPools
	Settings     []Settings    // backendHttpSettingsCollection
	Listeners    []Listener    // httpListeners
	PathMaps     []PathMap     // urlPathMaps
	Rules        []Rule        // requestRoutingRules
	Redirects    []Redirect    // redirectConfigurations
	CustomErrors []CustomError // customErrorConfigurations

	EnableHTTP2 bool // enableHttp2

	// Unserved are the protections that the document asks for and that are not given.
	Unserved []Unserved
	// AnySuites lets a TLS policy that names no suite which is offered here stand for every suite: allow-unserved says so.
	AnySuites bool

	// OtherCollections counts the children of collections that are kept and checked but not served (rewriteRuleSets,
	// listeners, routingRules, …), by the JSON name of the collection.
	OtherCollections map[string]int
}

// V1 reports whether the gateway is of the first generation (tiers Standard and WAF), which decides statuses, units and
// the access-log schema.
func (c *Config) V1() bool { return c.SKU.Tier == "Standard" || c.SKU.Tier == "WAF" }

// SKU is the size of the gateway. Capacity is the number of instances, 0 when autoscaling.
type SKU struct {
	Name     string // Standard_Small … Standard_v2, WAF_v2, Basic
	Tier     string // Standard, WAF, Standard_v2, WAF_v2, Basic
	Capacity int
}

// Autoscale bounds the number of instances of a v2 gateway.
type Autoscale struct{ Min, Max int }

// FrontendIP is an address that clients reach. Causeway binds ports, not Azure's addresses: only the name matters.
type FrontendIP struct {
	Name      string
	Private   bool   // has a subnet or a private address
	PrivateIP string // privateIPAddress
}

// FrontendPort is a port that clients reach. 1-65502 on v1, 1-65199 on v2.
type FrontendPort struct {
	Name string
	Port int
}

// SSLCertificate is a certificate with its key for an HTTPS listener: PFX bytes with a password, or a reference to a
// vault secret, or (exports carry neither) nothing but a name that causeway.yaml resolves.
type SSLCertificate struct {
	Name             string
	Data             []byte // decoded PFX; nil if the document holds none
	Password         string
	KeyVaultSecretID string
	PublicCertData   string
}

// PublicCertificate is a certificate without key: DER or PEM bytes.
type PublicCertificate struct {
	Name             string
	Data             []byte
	KeyVaultSecretID string
}

// SSLProfile overrides the TLS policy of listeners and asks for client certificates.
type SSLProfile struct {
	Name                      string
	TrustedClientCertificates []string
	Policy                    SSLPolicy
	VerifyIssuerDN            bool
	VerifyRevocation          string // None, OCSP
	VerifyMode                string // Strict, Passthrough
}

// SSLPolicy is the TLS versions and cipher suites offered to clients. Type is empty when the document sets none.
type SSLPolicy struct {
	Type         string // Predefined, Custom, CustomV2
	Name         string // predefined policy
	MinVersion   string // TLSv1_0 … TLSv1_3
	CipherSuites []string
	Disabled     []string // disabledSslProtocols
}

// Probe is a custom health probe.
type Probe struct {
	Name                 string
	Protocol             string // Http, Https, Tcp, Tls
	Host                 string
	Path                 string
	Port                 int // 0: that of the settings
	Interval             int // seconds, 1-86400, 30
	Timeout              int // seconds, 1-86400, 30
	UnhealthyThreshold   int // 1-20, 3
	PickHostFromSettings bool
	MinServers           int
	Match                Match
}

// Match is what a probe accepts. StatusCodes defaults to 200-399.
type Match struct {
	StatusCodes []StatusRange
	Body        string // substring, at most 4090 characters
}

// StatusRange is inclusive.
type StatusRange struct{ From, To int }

// Pool is a set of interchangeable servers. It may be empty.
type Pool struct {
	Name    string
	Members []Address
}

// Address is a member as the document names it: an FQDN, an IP address, or a network interface in Azure whose address
// the document does not hold (causeway.yaml's members may give it).
type Address struct {
	FQDN string
	IP   string
	NIC  string // id of a backendIPConfiguration
}

// String is the name of the member as the document has it.
func (a Address) String() string {
	switch {
	case a.FQDN != "":
		return a.FQDN
	case a.IP != "":
		return a.IP
	}
	return a.NIC
}

// Settings are the backend HTTP settings: how to reach and wait for the servers of a pool.
type Settings struct {
	Name                string
	Port                int
	Protocol            string // Http, Https
	CookieAffinity      bool
	AffinityCookieName  string
	RequestTimeout      int // seconds, 1-86400, 20
	RequestTimeoutGiven bool
	Probe               string
	AuthCertificates    []string
	TrustedRoots        []string
	Draining            bool
	DrainTimeout        int // seconds, 1-3600; 30 when draining is off
	HostName            string
	PickHostFromAddress bool
	Path                string
	Dedicated           bool // dedicatedBackendConnection
	ValidateChain       bool // validateCertChainAndExpiry, true
	ValidateSNI         bool // validateSNI, true
	SNIName             string
}

// HTTPS reports whether members are reached over TLS.
func (s *Settings) HTTPS() bool { return s.Protocol == "Https" }

// Listener is where requests arrive. No host name at all makes it basic, else it is multi-site.
type Listener struct {
	Name           string
	FrontendIP     string
	FrontendPort   string
	Protocol       string   // Http, Https
	HostNames      []string // hostName or hostNames; lower case
	SSLCertificate string
	SSLProfile     string
	RequireSNI     bool
	FirewallPolicy string
	CustomErrors   []CustomError
}

// HTTPS reports whether clients speak TLS to it.
func (l *Listener) HTTPS() bool { return l.Protocol == "Https" }

// Rule ties a listener to a target.
type Rule struct {
	Name     string
	Type     string // Basic, PathBasedRouting
	Priority int    // 1-20000; 0: none given
	Listener string
	PathMap  string
	Target   Target
}

// Target is what serves a request: a pool with settings, or a redirect.
type Target struct {
	Pool, Settings string
	Redirect       string
	RewriteSet     string
	FirewallPolicy string
}

// PathMap chooses a target by the path of the request.
type PathMap struct {
	Name    string
	Default Target
	Rules   []PathRule
}

// PathRule is tried in list order, its patterns too.
type PathRule struct {
	Name   string
	Paths  []string
	Target Target
}

// Redirect answers without a backend.
type Redirect struct {
	Name           string
	Type           string // Permanent, Found, SeeOther, Temporary
	TargetListener string
	TargetURL      string
	IncludePath    bool
	IncludeQuery   bool
}

// CustomError replaces the page of an error that the gateway itself makes.
type CustomError struct {
	Status int
	URL    string
}

// TierOf is the tier of a SKU by its name: Standard of Standard_Medium.
func TierOf(name string) string {
	for _, size := range []string{"_Small", "_Medium", "_Large"} {
		if base, ok := strings.CutSuffix(name, size); ok {
			return base
		}
	}
	return name
}
