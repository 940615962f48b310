package schema

import (
	"net/netip"
	"net/url"
	"strings"
)

// Form is what a text stands for, if a check looks into it.
type Form int

// The forms. A text of NoForm is looked into by no check.
const (
	NoForm       Form = iota
	AddressForm       // an IP address
	HostForm          // a host name
	PathForm          // a path, from its slash
	URLForm           // an absolute URL of http or https
	PageForm          // the URL of an error page
	TokenForm         // a token of HTTP, such as the name of a header
	VariableForm      // of a rewrite condition
	StatusForm        // a status or a range of them
	DataForm          // base64 of a certificate
	MemberForm        // of an object: a member of a pool
	IDForm            // of a reference
)

// Fits reports whether a text has the form. It looks only at forms that a text with an open value can still have; nothing fits
// the others.
func (f Form) Fits(s string) bool {
	switch f {
	case AddressForm:
		_, err := netip.ParseAddr(s)
		return err == nil
	case HostForm:
		return IsHostName(s)
	case PathForm:
		return strings.HasPrefix(s, "/")
	case URLForm:
		u, err := url.Parse(s)
		return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
	case TokenForm:
		return IsToken(s)
	case VariableForm:
		return strings.HasPrefix(s, "http_re") || strings.HasPrefix(s, "var_")
	case IDForm:
		return true
	}
	return false
}

// IsToken follows RFC 9110 section 5.6.2.
func IsToken(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool {
		return c <= ' ' || c >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, c)
	})
}

// IsHostName follows RFC 1123, underscores allowed as resolvers allow them; a final dot may stand.
func IsHostName(s string) bool {
	s = strings.TrimSuffix(s, ".")
	if s == "" || len(s) > 253 {
		return false
	}
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for i := range len(label) {
			if !isHostByte(label[i]) {
				return false
			}
		}
	}
	return true
}

func isHostByte(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '_'
}
