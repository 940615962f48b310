package fault

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"
)

// Of classifies an error that an operation towards a member met. It looks at types and error numbers, never at texts:
// the same text stands for different causes, and the same cause for different texts.
func Of(err error, phase Phase, reused bool) Fault {
	f := Fault{Side: Backend, Phase: phase, Kind: Closed, Reused: reused}
	var errno syscall.Errno
	switch {
	case phase == TLS && f.certificate(err):
	case errors.Is(err, net.ErrClosed): // by ourselves: the gateway is ending
		f.Side = Gateway
	case errors.As(err, &errno):
		f.system(errno)
	case errors.Is(err, os.ErrDeadlineExceeded):
		f.Kind = Timeout
	case f.alert(err): // a TLS 1.3 server refuses a missing client certificate only after the handshake
	case phase == TLS && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF):
		f.Kind, f.Detail = Malformed, err.Error()
	}
	if f.Kind == Timeout && phase == Connect {
		f.Side = Network
	}
	return f
}

// system sets what an error number says.
func (f *Fault) system(e syscall.Errno) {
	f.Errno = errnoName(e)
	switch e {
	case syscall.ECONNREFUSED:
		f.Kind = Refused
	case syscall.ECONNRESET, syscall.EPIPE, syscall.ECONNABORTED:
		f.Kind = Reset
	case syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.EACCES, syscall.EPERM:
		f.Side, f.Kind = Network, Unreachable
	case syscall.ETIMEDOUT:
		f.Kind = Timeout
	case syscall.EMFILE, syscall.ENFILE, syscall.EADDRNOTAVAIL, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRINUSE:
		f.Side, f.Kind = Gateway, Exhausted
	default:
		f.Kind = Reset
	}
}

// alerter is an error that a TLS alert caused.
type alerter interface {
	error
	Alert() (code uint8, remote bool)
	Asked() bool // for a certificate, before it sent the alert
}

// alert sets what a TLS alert of the peer says. One that we sent ourselves tells nothing of the peer: what moved us to
// send it does.
func (f *Fault) alert(err error) bool {
	var a alerter
	if !errors.As(err, &a) {
		return false
	}
	code, remote := a.Alert()
	if remote {
		f.Kind, f.Alert = Alerted, code
		if a.Asked() {
			f.Detail = CertificateAsked
		}
	}
	return remote
}

// certificate sets what was wrong with a handshake before the network could be: the certificate, or no TLS at all.
func (f *Fault) certificate(err error) bool {
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &verify):
		f.Kind, f.Detail = Certificate, CertificateReason(verify.Err)
	case errors.As(err, &record):
		f.Kind = NotTLS
	default:
		return false
	}
	return true
}

// CertificateReason names why a certificate was refused, in the words of backend health: cert_expired,
// cert_not_yet_valid, cert_name_mismatch, cert_unknown_ca, cert_key_usage, or cert_verify_failed.
func CertificateReason(err error) string {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	switch {
	case errors.As(err, &host):
		return "cert_name_mismatch"
	case errors.As(err, &unknown):
		return "cert_unknown_ca"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired && invalid.Cert != nil && time.Now().Before(invalid.Cert.NotBefore):
		return "cert_not_yet_valid"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "cert_expired"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "cert_key_usage"
	}
	return "cert_verify_failed"
}

func errnoName(e syscall.Errno) string {
	if n, ok := errnoNames[e]; ok {
		return n
	}
	return "errno " + strconv.Itoa(int(e))
}

var errnoNames = map[syscall.Errno]string{
	syscall.ECONNREFUSED: "ECONNREFUSED", syscall.ECONNRESET: "ECONNRESET", syscall.EPIPE: "EPIPE",
	syscall.ECONNABORTED: "ECONNABORTED", syscall.EHOSTUNREACH: "EHOSTUNREACH", syscall.ENETUNREACH: "ENETUNREACH",
	syscall.ETIMEDOUT: "ETIMEDOUT", syscall.EMFILE: "EMFILE", syscall.ENFILE: "ENFILE",
	syscall.EADDRNOTAVAIL: "EADDRNOTAVAIL", syscall.EADDRINUSE: "EADDRINUSE", syscall.ENOBUFS: "ENOBUFS",
	syscall.ENOMEM: "ENOMEM", syscall.EACCES: "EACCES", syscall.EPERM: "EPERM",
}
