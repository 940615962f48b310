package probe

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"causeway/internal/conn"
	"causeway/internal/fault"
	"causeway/internal/gateway"
	"causeway/internal/http1"
)

// Every failure has a word for programs and a sentence for people. The sentences share their key words with Azure's, so
// that people who know those recognise them.

func passed(status int) Result {
	return Result{Received: status, Detail: "Success. Received " + strconv.Itoa(status) + " status code"}
}

func (s *Spec) late() Result {
	return Result{Reason: "probe_timeout", Detail: fmt.Sprintf(
		"The time taken by the backend to answer the health probe is above the timeout threshold of %g s. "+
			"Find out what delays %s, or raise the probe's timeout above the time that it really needs.", s.Timeout.Seconds(), s.Path)}
}

func (s *Spec) unreachable(err error) Result {
	f := fault.Of(err, fault.Connect, false)
	if f.Side == fault.Gateway {
		return Result{Reason: "gateway_exhausted", Detail: "The gateway itself ran out of a resource for the health probe (" +
			f.Errno + "). Raise its limit of open files or widen its range of local ports."}
	}
	why := map[fault.Kind]string{
		fault.Refused:     "the connection was refused (%s): nothing listens on that port, or a firewall rejects it",
		fault.Unreachable: "there is no route to it (%s)",
		fault.Timeout:     "no answer came before the timeout (%s): a firewall, NSG or route may drop the packets",
		fault.Reset:       "the connection was reset (%s)",
	}[f.Kind]
	if why == "" {
		why = "the connection failed (%s)"
	}
	return Result{Reason: "tcp_connect", Code: orWord(f.Errno, "timeout"), Detail: "The gateway could not connect to the backend at " +
		s.Addr.String() +
		", the port used for the probe: " + strings.ReplaceAll(why, "%s", orWord(f.Errno, "timeout")) +
		". Check that the server listens there, its firewall, and NSG/UDR/Firewall on the way."}
}

func orWord(s, word string) string {
	if s == "" {
		return word
	}
	return s
}

// broken is a connection that ended before an answer, or in its body.
func (s *Spec) broken(err error, phase fault.Phase) Result {
	f := fault.Of(err, phase, false)
	switch f.Kind {
	case fault.Timeout:
		return s.late()
	case fault.Alerted:
		return s.alert(f)
	}
	if phase == fault.Body {
		return Result{Reason: "connection_closed", Detail: fmt.Sprintf(
			"The backend at %s began to answer the health probe and the connection was %s before its body was complete. "+
				"Look into the server's own log.", s.Addr, f.Kind)}
	}
	return Result{Reason: "connection_closed", Detail: fmt.Sprintf(
		"The backend at %s took the health probe and %s the connection without an answer. Look into the server's own log; "+
			"a server that expects TLS or another protocol on this port behaves so too.", s.Addr, f.Kind)}
}

// invalid is an answer that is no HTTP; begun is what has arrived of it.
func (s *Spec) invalid(err error, begun []byte) Result {
	return Result{Reason: "invalid_response", Code: protocolOf(begun), Detail: fmt.Sprintf(
		"The backend at %s answered the health probe with bytes that are not HTTP/1.1 (%v). Check protocol and port of the backend settings.",
		s.Addr, err)}
}

// protocolOf names the protocol of an answer that is no HTTP; empty if it is broken HTTP.
func protocolOf(begun []byte) string {
	detail, foreign := fault.Foreign(begun)
	switch {
	case detail == fault.TLSRecord:
		return "tls"
	case detail == fault.HTTP2Frame:
		return "http2"
	case foreign:
		return "other"
	}
	return ""
}

// wantsTLS matches what servers answer to plain HTTP on a port that expects TLS.
var wantsTLS = regexp.MustCompile(`(?is)\bHTTP request\b.*\bHTTPS (port|server)\b`)

func (s *Spec) mismatch(c conn.Conn, res *http1.Response, begun []byte) Result {
	status := res.Status
	if status == 400 && !s.TLS {
		if body, _ := s.body(c, res, begun); wantsTLS.Match(body) {
			return Result{Reason: "status_mismatch", Code: "400 tls_expected", Received: status, Detail: fmt.Sprintf(
				"Status code of the backend's response did not match the probe setting. Expected: %s. Received: 400. "+
					"The server says that plain HTTP came to its TLS port: set the protocol of the backend settings and of the probe to Https.", ranges(s.Match.StatusCodes))}
		}
	}
	return Result{Reason: "status_mismatch", Code: strconv.Itoa(status), Received: status, Detail: fmt.Sprintf(
		"Status code of the backend's response did not match the probe setting. Expected: %s. Received: %d. %s",
		ranges(s.Match.StatusCodes), status, advice(status))}
}

func ranges(list []gateway.StatusRange) string {
	var parts []string
	for _, r := range list {
		p := strconv.Itoa(r.From)
		if r.To != r.From {
			p += "-" + strconv.Itoa(r.To)
		}
		parts = append(parts, p)
	}
	return strings.Join(parts, ",")
}

func advice(status int) string {
	switch {
	case status == 401:
		return "A probe carries no credentials: accept 401 in the probe's match, or give it a path that is open."
	case status == 403:
		return "The server refuses the probe: allow its path, host or source address."
	case status == 404:
		return "The path or the host of the probe is not served: set both as real requests have them."
	case status == 405:
		return "The server must allow GET on the path of the probe."
	case status >= 500:
		return "The application fails: see its own log."
	case status >= 300 && status < 400:
		return "The server redirects the probe: give it a path that answers itself."
	}
	return "Set the probe's path, host or match to what the server really answers."
}

func (s *Spec) withoutText(status int) Result {
	return Result{Reason: "body_mismatch", Received: status, Detail: fmt.Sprintf(
		"Body of the backend's response did not match the probe setting: it does not contain %q. Correct the text or the page.",
		s.Match.Body)}
}

func (s *Spec) alert(f fault.Fault) Result {
	code := strconv.Itoa(int(f.Alert))
	if f.Detail == fault.CertificateAsked {
		return Result{
			Reason: "tls_alert", Code: code + " certificate_asked",
			Detail: "The backend asked for a client certificate in the TLS handshake, got none, and ended it with alert " + code +
				". The gateway has none to show, as Azure's have none: let the server do without one from the gateway.",
		}
	}
	return Result{Reason: "tls_alert", Code: code, Detail: fmt.Sprintf(
		"The backend ended the TLS handshake with alert %s. Alert 40 or 70: no common version or cipher suite; 112: it does not know the name %q; 116: it wants a client certificate.",
		code, s.SNI)}
}

// handshake names what is wrong with TLS.
func (s *Spec) handshake(err error) Result {
	var verify *tls.CertificateVerificationError
	if errors.As(err, &verify) {
		return s.certificate(verify)
	}
	f := fault.Of(err, fault.TLS, false)
	switch f.Kind {
	case fault.Timeout:
		return s.late()
	case fault.Alerted:
		return s.alert(f)
	case fault.NotTLS:
		return Result{Reason: "not_tls", Detail: "The backend at " + s.Addr.String() +
			" does not speak TLS on this port. Set the protocol of the backend settings and of the probe to Http, or the port to the TLS one."}
	}
	return Result{Reason: "tls_handshake", Detail: fmt.Sprintf("The TLS handshake with the backend at %s failed: %s.", s.Addr, cause(err))}
}

// cause is the innermost error, without the addresses that the outer ones repeat.
func cause(err error) string {
	var op *net.OpError
	if errors.As(err, &op) && op.Err != nil {
		err = op.Err
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return "timeout"
	}
	return err.Error()
}

// certificate follows Azure's list of certificate faults.
func (s *Spec) certificate(v *tls.CertificateVerificationError) Result {
	chain := v.UnverifiedCertificates
	if len(chain) == 0 {
		return Result{
			Reason: "leaf_missing",
			Detail: "The Leaf certificate is missing: the backend presented none. Install leaf and chain.",
		}
	}
	leaf := chain[0]
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	switch {
	case leaf.IsCA && slices.ContainsFunc(chain[1:], func(c *x509.Certificate) bool { return !c.IsCA }):
		return Result{
			Reason: "leaf_not_topmost",
			Detail: "The leaf is not the topmost certificate that the backend sends. Order the chain: leaf, intermediates, root.",
		}
	case errors.As(v.Err, &host):
		return Result{Reason: "cn_mismatch", Detail: fmt.Sprintf(
			"The Common Name or SAN of the leaf certificate (%s) does not match the hostname %q that the gateway uses. Set the host name of the backend settings or the probe, or the certificate.",
			names(leaf), s.SNI)}
	case errors.As(v.Err, &invalid) && invalid.Reason == x509.Expired:
		return expired(chain)
	case errors.As(v.Err, &unknown):
		return s.untrusted(chain)
	}
	code := opensslCode(v.Err)
	return Result{Reason: "cert_verify_failed", Code: strconv.Itoa(code), Detail: fmt.Sprintf(
		"The certificate of the backend could not be verified: %v (OpenSSL error code %d).", v.Err, code)}
}

func names(c *x509.Certificate) string {
	if len(c.DNSNames) > 0 {
		return strings.Join(c.DNSNames, ", ")
	}
	return c.Subject.CommonName
}

// expired is a chain of which one certificate is outside its validity, past it or before it: OpenSSL's codes 10 and 9.
func expired(chain []*x509.Certificate) Result {
	bad := chain[0]
	for _, c := range chain {
		if time.Now().Before(c.NotBefore) {
			bad = c
			break
		}
		if c.NotAfter.Before(bad.NotAfter) {
			bad = c
		}
	}
	code := "10"
	if time.Now().Before(bad.NotBefore) {
		code = "9"
	}
	return Result{Reason: "cert_expired", Code: code, Detail: fmt.Sprintf(
		"A certificate of the backend (%s) is outside its validity. Valid from: %s. Valid to: %s. Renew it and install the full chain.",
		names(bad), bad.NotBefore.UTC().Format("2006-01-02 15:04:05Z"), bad.NotAfter.UTC().Format("2006-01-02 15:04:05Z"))}
}

// untrusted tells an incomplete chain from one with an unknown root.
func (s *Spec) untrusted(chain []*x509.Certificate) Result {
	leaf, top := chain[0], chain[len(chain)-1]
	selfSigned := top.Issuer.String() == top.Subject.String()
	switch {
	case s.V1:
		return Result{
			Reason: "root_mismatch",
			Detail: "The certificate of the backend is not among the authentication certificates. Upload the new leaf (.CER).",
		}
	case len(chain) == 1 && (!selfSigned || !leaf.IsCA):
		return Result{Reason: "intermediate_missing", Detail: "Intermediate certificate missing: the backend sends its leaf (issued by " +
			leaf.Issuer.CommonName +
			") without the chain, or a self-signed certificate that is no CA. Install the full chain on the server."}
	case s.roots && selfSigned:
		return Result{Reason: "root_mismatch", Detail: "The root certificate of the backend (" + top.Subject.CommonName +
			") does not match the trusted root certificate in the allowlist of the backend settings. Upload that root."}
	case s.roots:
		return Result{Reason: "root_mismatch_no_root", Detail: "The Intermediate certificate (" + top.Subject.CommonName +
			") is not signed by any Root certificate that was uploaded. Upload " + top.Issuer.CommonName + "."}
	case len(chain) == 1:
		return Result{
			Reason: "server_cert_unknown_ca",
			Detail: "The Server certificate is not signed by a well-known CA. Upload its root and let the backend settings trust it.",
		}
	}
	return Result{Reason: "intermediate_unknown_ca", Detail: "The Intermediate certificate (" + top.Subject.CommonName +
		") is not signed by a well-known CA. Upload the private root and let the backend settings trust it."}
}

// opensslCode is the X509_V_ERR number that OpenSSL has for the fault.
func opensslCode(err error) int {
	var invalid x509.CertificateInvalidError
	if errors.As(err, &invalid) {
		switch invalid.Reason {
		case x509.NotAuthorizedToSign:
			return 24
		case x509.TooManyIntermediates:
			return 25
		case x509.IncompatibleUsage:
			return 26
		case x509.NameMismatch:
			return 29
		}
	}
	return 1
}
