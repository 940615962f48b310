package gateway

import "slices"

// Protections that a document may ask for and that are not served, by the names that allow-unserved takes.
const (
	ProtectionWAF      = "waf"       // a web application firewall that blocks
	ProtectionMTLS     = "mtls"      // certificates that clients must show
	ProtectionJWT      = "jwt"       // tokens without which requests are denied
	ProtectionTLSFloor = "tls-floor" // TLS no weaker than the suites that a policy names
)

// UnknownProtection is the code of a problem with a name that is no protection: a user who misspells one must not believe it
// either allowed or served.
const UnknownProtection = "UnknownProtection"

// Misused reports whether a problem says that a named protection does not exist.
func Misused(problems []Problem) bool {
	return slices.ContainsFunc(problems, func(p Problem) bool { return p.Code == UnknownProtection })
}

// Protections are the names of all protections that are not served.
func Protections() []string {
	return []string{ProtectionWAF, ProtectionMTLS, ProtectionJWT, ProtectionTLSFloor}
}

// Unserved is one protection that an object of the document asks for and that is not given.
type Unserved struct {
	Protection string `json:"protection"` // one of Protections
	Path       string `json:"path"`       // of the property that asks for it
	Object     string `json:"object"`     // who asks: listener "shop"
	Without    string `json:"without"`    // what does not happen
}

func (u Unserved) String() string { return u.Protection + " (" + u.Object + "): " + u.Without }
